package lint

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checks are what is looked at in each injected pod, besides the rules of the engine, which refuses what breaks them. What a
// pod had before its injection is not the template's fault, and no finding.
var checks = []func(*injected) []Finding{checkNames, checkMounts, checkPorts, checkSchema}

// containersOf returns all containers of a pod, init containers first.
func containersOf(pod *corev1.Pod) []corev1.Container {
	return slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
}

// injectedContainers returns those that the templates injected.
func (i *injected) injectedContainers() []corev1.Container {
	return slices.DeleteFunc(containersOf(i.after), func(c corev1.Container) bool { return !slices.Contains(i.containers, c.Name) })
}

func checkNames(i *injected) []Finding {
	var findings []Finding
	seen := map[string]bool{}
	note := func(what, name string) {
		key := what + "/" + name
		if seen[key] {
			findings = append(findings, Finding{Rule: "duplicate-name", Severity: Error, Message: onPod(i.name, fmt.Sprintf("two %ss are called %q", what, name)), Remedy: "give each a name of its own"})
		}
		seen[key] = true
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			findings = append(findings, Finding{Rule: "invalid-name", Severity: Error, Message: onPod(i.name, fmt.Sprintf("the %s name %q is not allowed: %s", what, name, problems[0])), Remedy: "take a DNS label"})
		}
	}
	for _, container := range containersOf(i.after) {
		note("container", container.Name)
	}
	for _, volume := range i.after.Spec.Volumes {
		note("volume", volume.Name)
	}
	for _, container := range i.injectedContainers() {
		variables := map[string]bool{}
		for _, variable := range container.Env {
			if variables[variable.Name] {
				findings = append(findings, Finding{Rule: "duplicate-name", Severity: Warning, Message: onPod(i.name, fmt.Sprintf("the container %q has two variables %q: the last wins", container.Name, variable.Name)), Remedy: "set it once"})
			}
			variables[variable.Name] = true
		}
	}
	return findings
}

func checkMounts(i *injected) []Finding {
	var findings []Finding
	volumes := map[string]bool{}
	for _, volume := range i.after.Spec.Volumes {
		volumes[volume.Name] = true
	}
	for _, container := range i.injectedContainers() {
		paths := map[string]bool{}
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				findings = append(findings, Finding{Rule: "missing-volume", Severity: Error, Message: onPod(i.name, fmt.Sprintf("the container %q mounts the volume %q, which is not there", container.Name, mount.Name)), Remedy: "add the volume to the template"})
			}
			if paths[mount.MountPath] {
				findings = append(findings, Finding{Rule: "duplicate-name", Severity: Error, Message: onPod(i.name, fmt.Sprintf("the container %q mounts two volumes at %q", container.Name, mount.MountPath)), Remedy: "mount each at a path of its own"})
			}
			paths[mount.MountPath] = true
		}
	}
	return findings
}

// checkPorts looks for ports that the injected containers name and another container of the pod too: all share one network.
func checkPorts(i *injected) []Finding {
	type port struct {
		number   int32
		protocol corev1.Protocol
	}
	var findings []Finding
	first, names := map[port]string{}, map[string]string{}
	for _, container := range containersOf(i.after) {
		for _, p := range container.Ports {
			key := port{p.ContainerPort, p.Protocol}
			if key.protocol == "" {
				key.protocol = corev1.ProtocolTCP
			}
			if other, taken := first[key]; taken && other != container.Name && (slices.Contains(i.containers, other) || slices.Contains(i.containers, container.Name)) {
				findings = append(findings, Finding{Rule: "port-clash", Severity: Error, Message: onPod(i.name, fmt.Sprintf("the containers %q and %q both have the port %d/%s", other, container.Name, key.number, key.protocol)), Remedy: "take a port that applications hardly use"})
			}
			first[key] = container.Name
			if other, taken := names[p.Name]; taken && p.Name != "" && (slices.Contains(i.containers, other) || slices.Contains(i.containers, container.Name)) {
				findings = append(findings, Finding{Rule: "duplicate-name", Severity: Warning, Message: onPod(i.name, fmt.Sprintf("the containers %q and %q both name a port %q: Services that use the name are ambiguous", other, container.Name, p.Name)), Remedy: "give the port a name of its own"})
			}
			names[p.Name] = container.Name
		}
	}
	return findings
}
