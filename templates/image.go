package templates

import (
	"errors"
	"regexp"
	"strings"
)

// imageName is the reference of an image, taken apart as container runtimes do.
type imageName struct {
	// repository begins with the registry: docker.io/library/nginx for "nginx".
	repository string
	// tag and digest are without ":" and "@"; empty: none. A runtime that is given both pulls the digest.
	tag, digest string
}

var (
	registryForm = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(:[0-9]+)?$`)
	pathForm     = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagForm      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestForm   = regexp.MustCompile(`^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$`)
)

// parseImage takes the reference of an image apart; ok is false if it is none.
func parseImage(reference string) (image imageName, ok bool) {
	rest, digest, pinned := strings.Cut(reference, "@")
	if pinned && !digestForm.MatchString(digest) {
		return image, false
	}
	registry, path, tag := splitImage(rest)
	if registry = registryName(registry); registry == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	if strings.HasSuffix(rest, ":") || tag != "" && !tagForm.MatchString(tag) {
		return image, false
	}
	return imageName{registry + "/" + path, tag, digest}, registryForm.MatchString(registry) && pathForm.MatchString(path)
}

// splitImage cuts a reference without a digest into its parts. What stands before the first slash is a registry if it
// cannot be a part of a path.
func splitImage(rest string) (registry, path, tag string) {
	first, path, several := strings.Cut(rest, "/")
	if several && (strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		registry = first
	} else {
		path = rest
	}
	path, tag, _ = strings.Cut(path, ":")
	return registry, path, tag
}

// registryName returns the one name of a registry that has several.
func registryName(registry string) string {
	if registry == "" || registry == "index.docker.io" {
		return "docker.io"
	}
	return registry
}

// imagePattern allows images: those of a registry, those below a path of one, those of one repository, or one image.
type imagePattern struct {
	any  bool
	name imageName // repository may be a registry alone
}

// errImagePattern says what a pattern of images may be.
var errImagePattern = errors.New(`want a registry and as much of a path as is to be allowed, such as "ghcr.io/my-org" or "docker.io/envoyproxy/envoy:v1.2.3", or "*" for any image`)

// parseImagePattern reads a pattern. It names its registry, so that nobody has to know which one stands for none; "/" or
// "/*" at its end says no more than nothing does.
func parseImagePattern(text string) (imagePattern, error) {
	if text == "*" {
		return imagePattern{any: true}, nil
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "/*"), "/")
	if registry, _, several := strings.Cut(text, "/"); !strings.ContainsAny(registry, ".:") && registry != "localhost" {
		return imagePattern{}, errImagePattern
	} else if !several {
		if !registryForm.MatchString(registry) {
			return imagePattern{}, errImagePattern
		}
		return imagePattern{name: imageName{repository: registryName(registry)}}, nil
	}
	rest, _, _ := strings.Cut(text, "@")
	registry, path, _ := splitImage(rest)
	image, ok := parseImage(text)
	if !ok {
		return imagePattern{}, errImagePattern
	}
	if image.tag == "" && image.digest == "" { // the path may go on, and "library" is not a part of it
		image.repository = registryName(registry) + "/" + path
	}
	return imagePattern{name: image}, nil
}

// allows says whether the pattern allows an image. A pattern with a tag allows no image that names a digest besides: the
// digest is what would be pulled.
func (p imagePattern) allows(image imageName) bool {
	if p.any {
		return true
	}
	below, within := strings.CutPrefix(image.repository, p.name.repository)
	switch {
	case !within, below != "" && below[0] != '/':
		return false
	case p.name.digest != "":
		return below == "" && image.digest == p.name.digest
	case p.name.tag != "":
		return below == "" && image.digest == "" && image.tag == p.name.tag
	}
	return true
}
