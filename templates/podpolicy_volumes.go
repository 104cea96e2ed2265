package templates

import (
	"fmt"
	"slices"
)

// checkSources: what the templates mount is of their source, and to what a container only reads injected containers alone
// write.
func checkSources(s *subject, r *rendering, name string, injected []map[string]any) *violation {
	for _, own := range injected {
		for _, mount := range objectsOf(own, "volumeMounts") {
			volume := nameOf(mount)
			if s.volumes[volume].template == "" {
				continue
			}
			field := fmt.Sprintf("volume %q", volume)
			problem := fmt.Sprintf("is mounted by the container %q, %s, and is not for pods to", name, privileged)
			if s.replaces(r, volume) {
				return &violation{field: field, problem: problem + " give another source"}
			}
			if mount["readOnly"] != true {
				continue
			}
			if writer := s.writerOf(r, volume); writer != "" {
				return &violation{field: field, problem: fmt.Sprintf("%s mount in the container %q, but with readOnly", problem, writer)}
			}
		}
	}
	return nil
}

// replaces says whether the pod has another source of a volume than the templates give.
func (s *subject) replaces(r *rendering, name string) bool {
	for _, o := range r.overlays {
		for _, injected := range Pod(o.pod).In("volumes") {
			for _, volume := range s.after.In("volumes") {
				if nameOf(injected) == name && nameOf(volume) == name && injected["$patch"] == nil && !holds(volume, injected) {
					return true
				}
			}
		}
	}
	return false
}

// holds says whether a decoded value has everything that another has.
func holds(value, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		for key, inner := range wanted {
			if !holds(asObject(value)[key], inner) {
				return false
			}
		}
		return value != nil
	case []any:
		list, _ := value.([]any)
		for i := range wanted {
			if i >= len(list) || !holds(list[i], wanted[i]) {
				return false
			}
		}
		return true
	}
	return fmt.Sprint(value) == fmt.Sprint(wanted)
}

// writerOf returns a container that mounts a volume to write to it and runs what the author says: one of the author's, or an
// injected one that an override makes run or mount something else; empty if there is none.
func (s *subject) writerOf(r *rendering, volume string) string {
	for _, container := range s.after.All() {
		name := nameOf(container)
		if writes(container, volume) && (s.lists[name] == "" || s.rewritten(r, name, volume)) {
			return name
		}
	}
	return ""
}

// writes says whether a container mounts a volume to write to it.
func writes(container map[string]any, volume string) bool {
	return slices.ContainsFunc(objectsOf(container, "volumeMounts"), func(mount map[string]any) bool {
		return nameOf(mount) == volume && mount["readOnly"] != true
	})
}

// rewritten says whether the author's part of an injected container mounts a volume, or chooses what the container runs.
func (s *subject) rewritten(r *rendering, name, volume string) bool {
	override := s.overrides[name]
	if override == nil {
		return false
	}
	injected := injectedOf(r.overlays, name)
	image := textAt(override, "image")
	own := slices.ContainsFunc(injected, func(i map[string]any) bool { return textAt(i, "image") == image })
	return writes(override, volume) || checkOverride(name, override, injected) != nil || image != "" && !own
}
