package istio

import (
	"cmp"
	"strings"

	networking "istio.io/api/networking/v1beta1"
)

// defaultImage is the name of both images where values name none.
const defaultImage = "proxyv2"

// proxyImage returns the image of the proxy. Its type comes from the annotation, the proxy's settings or the values.
func (v *values) proxyImage(image *networking.ProxyImage, annotations map[string]string) string {
	return v.image(cmp.Or(v.known.Global.Proxy.Image, defaultImage), image.GetImageType(), annotations)
}

// proxyInitImage returns the image of the init container.
func (v *values) proxyInitImage(annotations map[string]string) string {
	return v.image(cmp.Or(v.known.Global.ProxyInit.Image, defaultImage), "", annotations)
}

func (v *values) image(name, imageType string, annotations map[string]string) string {
	imageType = cmp.Or(imageType, v.known.Global.Variant)
	if asked, ok := annotations[annotationProxyImageType]; ok {
		imageType = asked
	}
	return v.known.Global.Hub + "/" + name + ":" + tagOfType(v.tag(), imageType)
}

// tagOfType returns the tag with the image type as its ending, in place of the type that it has. The type "default" has
// no ending.
func tagOfType(tag, imageType string) string {
	if imageType == "" {
		return tag
	}
	for _, published := range []string{"distroless", "debug"} {
		if plain, ok := strings.CutSuffix(tag, "-"+published); ok {
			tag = plain
			break
		}
	}
	if imageType == "default" {
		return tag
	}
	return tag + "-" + imageType
}
