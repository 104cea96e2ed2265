package pods

import "fmt"

// agree gives names within the pod that agree: each container and volume has its own, mounts name volumes, and some
// containers have the names of the sidecar's, which overrides them.
func (m *builder) agree(spec map[string]any) {
	if spec["hostNetwork"] == true && m.chance(90) {
		delete(spec, "hostNetwork") // such pods are not injected
	}
	if os, _ := spec["os"].(map[string]any); os["name"] == "windows" && m.chance(80) {
		delete(spec, "os")
	}
	if spec["dnsPolicy"] == "None" && spec["dnsConfig"] == nil {
		spec["dnsConfig"] = map[string]any{"nameservers": []any{"10.0.0.10"}}
	}
	volumes := m.names(spec["volumes"], []string{"data", "config", "cache", "logs", "tmp"}, m.sidecar.Volumes, 15)
	names := map[string]bool{}
	for _, list := range []string{"containers", "initContainers"} {
		for i, container := range objects(spec[list]) {
			name := pick(m, []string{"app", "web", "worker", "prepare", "migrate"})
			if len(m.sidecar.Containers) > 0 && m.chance(12) {
				name = pick(m, m.sidecar.Containers)
			}
			if names[name] {
				name = fmt.Sprintf("%s-%d", list[:4], i)
			}
			names[name] = true
			container["name"] = name
			m.container(container, volumes)
		}
	}
	m.names(spec["imagePullSecrets"], []string{"registry"}, nil, 0)
}

// container makes what is inside a container agree.
func (m *builder) container(container map[string]any, volumes []string) {
	if m.chance(5) {
		container["image"] = "auto"
	}
	m.names(container["ports"], []string{"http", "metrics", "admin"}, m.sidecar.PortNames, 10)
	paths := append([]string{"/data", "/etc/config", "/var/log", "/cache"}, m.sidecar.MountPaths...)
	for _, list := range []string{"volumeMounts", "volumeDevices"} {
		for i, mount := range objects(container[list]) {
			if len(volumes) > 0 {
				mount["name"] = pick(m, volumes)
			}
			if list == "volumeMounts" {
				mount["mountPath"] = paths[(i+m.Intn(len(paths)))%len(paths)]
			}
		}
	}
}

// names names the elements of a list one after the other, so many percent of them by a name of the sidecar's. It returns
// the names.
func (m *builder) names(list any, own, sidecars []string, percent int) []string {
	var names []string
	used := map[string]bool{}
	for i, element := range objects(list) {
		name := pick(m, own)
		if len(sidecars) > 0 && m.chance(percent) {
			name = pick(m, sidecars)
		}
		if used[name] {
			name = fmt.Sprintf("%s-%d", name, i)
		}
		used[name] = true
		element["name"] = name
		names = append(names, name)
	}
	return names
}

// objects returns the objects of a list.
func objects(list any) []map[string]any {
	elements, _ := list.([]any)
	var all []map[string]any
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}
