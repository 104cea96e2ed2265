package templates

import (
	"fmt"
	"path"
	"slices"
)

// handover: the init container leaves the proxy's configuration, which is in its arguments, where the proxy looks for it.
// An author's own arguments would replace them, and an own mount in one of the two containers would part them. It follows the
// policy for pods, which says more of a container with privileges, and no author's pod breaks it by itself.
func (s *subject) handover() *violation {
	redirect := s.profile.Redirect
	if redirect.Files == "" {
		return nil
	}
	for _, init := range s.after.In(InitContainers) {
		name := nameOf(init)
		if !slices.Contains(redirect.Containers, name) || !s.injects(InitContainers, name) {
			continue
		}
		if s.overrides[name]["args"] != nil {
			return &violation{container: name, field: "args", problem: "the pod's own replace those that hold the proxy's configuration and what is captured; leave them out, and say what is captured by annotations"}
		}
		proxy, _ := s.after.Find(redirect.Proxy)
		left, looked := volumeAt(init, redirect.Files), volumeAt(proxy, redirect.Files)
		if proxy == nil || left == looked {
			continue
		}
		if s.overrides[redirect.Proxy] != nil {
			name = redirect.Proxy
		}
		return &violation{container: name, field: "volumeMounts", problem: fmt.Sprintf("%q is where %q leaves the proxy's configuration: mount the pod's own volume elsewhere", redirect.Files, nameOf(init))}
	}
	return nil
}

// volumeAt returns the name of the volume that a container mounts at a path, however it is spelled, with a sub-path; empty if
// none. Of several the last counts: it hides the others.
func volumeAt(container map[string]any, at string) (volume string) {
	for _, mount := range objectsOf(container, "volumeMounts") {
		if path.Clean(textAt(mount, "mountPath")) == at {
			volume = textAt(mount, "name") + "/" + textAt(mount, "subPath")
		}
	}
	return volume
}
