package release

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// repository is the root of the clone, from here.
const repository = "../.."

// helmProgram is the path of the repository's helm, which the go command builds.
var helmProgram = sync.OnceValues(func() (string, error) {
	path, err := run(context.Background(), repository, nil, "go", "tool", "-modfile=tools/helm/go.mod", "-n", "helm")
	return strings.TrimSpace(string(path)), err
})

// helm runs the repository's helm at its root, and returns what it printed.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := helmProgram()
	if err != nil {
		t.Fatal(err)
	}
	keep := t.TempDir()
	text, err := run(t.Context(), repository, []string{"HELM_CONFIG_HOME=" + keep, "HELM_CACHE_HOME=" + keep, "HELM_DATA_HOME=" + keep}, program, args...)
	return string(text), err
}

// rendered are the images of a rendered chart: of the Deployment, and those that the values in the ConfigMap name.
type rendered struct {
	Injector, Proxy, Init string
	// Images are those of the key of this name, which the profile consul has.
	Images map[string]string
}

// renderedImages reads them from the output of helm template.
func renderedImages(t *testing.T, manifests string) rendered {
	t.Helper()
	var r rendered
	for _, document := range strings.Split(manifests, "\n---\n") {
		var object struct {
			Kind string
			Data struct{ Values string }
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Image string } }
				}
			}
		}
		if !strings.Contains(document, "kind: ConfigMap") && !strings.Contains(document, "kind: Deployment") {
			continue
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		switch object.Kind {
		case "Deployment":
			r.Injector = object.Spec.Template.Spec.Containers[0].Image
		case "ConfigMap":
			var values struct {
				Proxy, Init struct{ Image string }
				Images      map[string]string
			}
			if err := yaml.Unmarshal([]byte(object.Data.Values), &values); err != nil {
				t.Fatal(err)
			}
			r.Proxy, r.Init, r.Images = values.Proxy.Image, values.Init.Image, values.Images
		}
	}
	return r
}

// TestImageRegistry shows that one value moves all images to a mirror, whatever they are.
func TestImageRegistry(t *testing.T) {
	defaults, err := helm(t, "template", "x", chartPlace, "--set", "global.imageRegistry=mirror.example")
	if err != nil {
		t.Fatal(err)
	}
	_, tag, _ := strings.Cut(renderedImages(t, defaults).Injector, ":")
	_, envoy, _ := strings.Cut(renderedImages(t, defaults).Proxy, ":")
	own, proxy := "sidecar-injector/sidecar-injector:"+tag, "envoyproxy/envoy:"+envoy
	digest := "sha256:" + strings.Repeat("a", 64)
	for sentence, c := range map[string]struct {
		set  []string
		want rendered
	}{
		"without the value names say where images come from, and the injector knows its defaults": {
			nil, rendered{Injector: "ghcr.io/" + own}},
		"all of them are at the mirror": {
			[]string{"global.imageRegistry=mirror.example"}, rendered{Injector: "mirror.example/" + own, Proxy: "mirror.example/" + proxy, Init: "mirror.example/" + own}},
		"the mirror has a port and a path": {
			[]string{"global.imageRegistry=mirror.example:5000/hub"},
			rendered{Injector: "mirror.example:5000/hub/" + own, Proxy: "mirror.example:5000/hub/" + proxy, Init: "mirror.example:5000/hub/" + own}},
		"images that the user names are too, with their tags and digests": {
			[]string{
				"global.imageRegistry=mirror.example", "image.repository=localhost/a/b", "image.digest=" + digest,
				"values.proxy.image=quay.io:443/c/d@" + digest, "values.init.image=e/f:1",
			},
			rendered{Injector: "mirror.example/a/b@" + digest, Proxy: "mirror.example/c/d@" + digest, Init: "mirror.example/e/f:1"}},
		"a name without a registry has one then": {
			[]string{"global.imageRegistry=mirror.example", "image.repository=own", "values.proxy.image=envoy:1"},
			rendered{Injector: "mirror.example/own:" + tag, Proxy: "mirror.example/envoy:1", Init: "mirror.example/" + own}},
		"another profile's are too": {
			[]string{
				"global.imageRegistry=mirror.example", "config.profile=consul",
				"values.images.consulK8S=hashicorp/consul-k8s:9", "values.images.dataplane=quay.io/hashicorp/dataplane:9",
			},
			rendered{Injector: "mirror.example/" + own, Images: map[string]string{
				"consulK8S": "mirror.example/hashicorp/consul-k8s:9", "dataplane": "mirror.example/hashicorp/dataplane:9",
			}}},
		"the profile istio has Istio's images, which Istio's ConfigMap names": {
			[]string{"global.imageRegistry=mirror.example", "config.profile=istio"}, rendered{Injector: "mirror.example/" + own}},
	} {
		t.Run(sentence, func(t *testing.T) {
			args := []string{"template", "x", chartPlace}
			for _, value := range c.set {
				args = append(args, "--set", value)
			}
			text, err := helm(t, args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, renderedImages(t, text)); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
		})
	}
}

// TestImageRegistryRefuses shows that what is no registry is an error of the installation, not of each pull.
func TestImageRegistryRefuses(t *testing.T) {
	for sentence, value := range map[string]string{
		"a scheme":              "https://mirror.example",
		"a slash at the end":    "mirror.example/",
		"a path in capitals":    "mirror.example/Hub",
		"a port that is a name": "mirror.example:https",
	} {
		_, err := helm(t, "template", "x", chartPlace, "--set", "global.imageRegistry="+value)
		if err == nil || !strings.Contains(err.Error(), "/global/imageRegistry") {
			t.Errorf("%s: error %v, want one about global.imageRegistry", sentence, err)
		}
	}
}
