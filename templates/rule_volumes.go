package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// checkVolumeSources: a volume has one source. A volume of the pod that has the name of an injected one, and is of another
// kind, would have two.
func checkVolumeSources(s *subject, pod Pod) *violation {
	if len(s.volumes) == 0 {
		return nil
	}
	for _, volume := range pod.In("volumes") {
		injected, sources := s.volumes[nameOf(volume)], sourcesOf(volume)
		if injected.template == "" || len(sources) < 2 {
			continue
		}
		field := fmt.Sprintf("volume %q", nameOf(volume))
		if len(injected.sources) > 1 {
			return &violation{template: injected.template, element: nameOf(volume), field: field, problem: fmt.Sprintf("it has %d sources, want one: %s", len(sources), strings.Join(sources, ", "))}
		}
		return &violation{field: field, problem: fmt.Sprintf("the name is that of an injected volume (%s): give the pod's own another name", strings.Join(injected.sources, ", "))}
	}
	return nil
}

// checkVolumeNames: an injected volume, whose name an annotation may choose, has a name that the API server takes.
func checkVolumeNames(s *subject, pod Pod) *violation {
	for _, volume := range pod.In("volumes") {
		injected, name := s.volumes[nameOf(volume)], nameOf(volume)
		if injected.template == "" || len(validation.IsDNS1123Label(name)) == 0 {
			continue
		}
		problem := fmt.Sprintf("%q is not the name of a volume: want lower-case letters, digits and '-', 63 at most, and no '-' at the ends", name)
		if key := s.profile.FieldAnnotations["volumes"]; name != "" && strings.Contains(s.annotations[key], name) {
			return &violation{annotation: key, problem: problem}
		}
		return &violation{template: injected.template, element: name, field: "volumes[].name", problem: problem}
	}
	return nil
}

// checkMounts: what an annotation makes an injected container mount is a volume of the pod. That of a template is lint's.
func checkMounts(s *subject, pod Pod) *violation {
	key := s.profile.FieldAnnotations["volumeMounts"]
	said := s.annotations[key]
	if said == "" {
		return nil
	}
	volumes := map[string]bool{}
	for _, volume := range pod.In("volumes") {
		volumes[nameOf(volume)] = true
	}
	for _, container := range pod.All() {
		for _, mount := range objectsOf(container, "volumeMounts") {
			if name := nameOf(mount); s.lists[nameOf(container)] != "" && !volumes[name] && strings.Contains(said, name) {
				return &violation{annotation: key, problem: fmt.Sprintf("it mounts the volume %q, and the pod has none of that name: add it, or do not mount it", name)}
			}
		}
	}
	return nil
}

// warnVolumes warns of a volume of the pod that stands in the place of an injected one and is of another kind.
func warnVolumes(s *subject) []string {
	if len(s.volumes) == 0 {
		return nil
	}
	var warnings []string
	for _, volume := range s.after.In("volumes") {
		injected, sources := s.volumes[nameOf(volume)], sourcesOf(volume)
		if injected.template != "" && len(sources) > 0 && !slices.Equal(sources, injected.sources) {
			warnings = append(warnings, fmt.Sprintf("the volume %q of the pod (%s) takes the place of the injected one (%s): if that is not meant, give it another name", nameOf(volume), strings.Join(sources, ", "), strings.Join(injected.sources, ", ")))
		}
	}
	return warnings
}

// sourcesOf returns the fields of a volume that say what it is, sorted.
func sourcesOf(volume map[string]any) []string {
	var sources []string
	for _, field := range slices.Sorted(maps.Keys(volume)) {
		if field != "name" && volume[field] != nil && !strings.HasPrefix(field, "$") {
			sources = append(sources, field)
		}
	}
	return sources
}

// checkDevices: what a container has as a block device it does not mount, and neither path is the other's.
func checkDevices(_ string, container map[string]any) *violation {
	devices := objectsOf(container, "volumeDevices")
	if len(devices) == 0 {
		return nil
	}
	names, paths := map[string]bool{}, map[string]bool{}
	for _, mount := range objectsOf(container, "volumeMounts") {
		names[nameOf(mount)], paths[textAt(mount, "mountPath")] = true, true
	}
	for i, device := range devices {
		name, path := nameOf(device), textAt(device, "devicePath")
		switch {
		case names[name]:
			return &violation{container: nameOf(container), field: fmt.Sprintf("volumeDevices[%d].name", i), problem: fmt.Sprintf("the volume %q is mounted or a device already: want another", name)}
		case paths[path]:
			return &violation{container: nameOf(container), field: fmt.Sprintf("volumeDevices[%d].devicePath", i), problem: fmt.Sprintf("%q is taken by a volume of the container: want another", path)}
		}
		names[name], paths[path] = true, true
	}
	return nil
}
