package istio

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	meshconfig "istio.io/api/mesh/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	kstrings "k8s.io/utils/strings"
)

// excludeInboundPort adds a port to a list of ports, if there is one and it is not in the list.
func excludeInboundPort(port any, excluded string) string {
	added := strings.TrimSpace(fmt.Sprint(port))
	ports := strings.Split(excluded, ",")
	if added == "" || added == "0" || slices.Contains(ports, added) {
		return excluded
	}
	var all []string
	for _, p := range ports {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(append(all, added), ",")
}

// includeInboundPorts lists the TCP ports of all containers.
func includeInboundPorts(containers []corev1.Container) string {
	var ports []string
	for i := range containers {
		for _, port := range containers[i].Ports {
			if port.Protocol == corev1.ProtocolTCP || port.Protocol == "" {
				ports = append(ports, strconv.Itoa(int(port.ContainerPort)))
			}
		}
	}
	return strings.Join(ports, ",")
}

// applicationPorts lists the TCP ports of all containers but the proxy.
func applicationPorts(containers []corev1.Container) string {
	return includeInboundPorts(slices.DeleteFunc(slices.Clone(containers), func(c corev1.Container) bool { return c.Name == proxyContainer }))
}

// appendMultusNetwork adds a network ("namespace/name" or "name") to the annotation of Multus: a list separated by
// commas, or a JSON list of objects, whose text stays otherwise as it is. One that is neither stays as it is.
func appendMultusNetwork(existing, network string) string {
	end := strings.LastIndex(existing, "]")
	switch {
	case existing == "":
		return network
	case end < 0:
		for known := range strings.SplitSeq(existing, ",") {
			if strings.TrimSpace(known) == network {
				return existing
			}
		}
		return existing + ", " + network
	}
	var known []map[string]any
	if json.Unmarshal([]byte(existing), &known) != nil {
		return existing
	}
	namespace, name := kstrings.SplitQualifiedName(network)
	for _, k := range known {
		of, _ := k["namespace"].(string)
		if k["name"] == name && of == namespace {
			return existing
		}
	}
	added := fmt.Sprintf(`{"name": %q}`, name)
	if namespace != "" {
		added = fmt.Sprintf(`{"name": %q, "namespace": %q}`, name, namespace)
	}
	if len(known) > 0 {
		added = ", " + added
	}
	return existing[:end] + added + existing[end:]
}

// otelResourceAttributes returns what OpenTelemetry's semantic conventions say of the pod, if a provider of the mesh
// asks for it:
//
//	attribute            from
//	service.namespace    annotation, namespace
//	service.version      annotation, label app.kubernetes.io/version, tag and digest of the only container's image
//	service.instance.id  annotation, namespace, pod and first container
func otelResourceAttributes(mesh *meshconfig.MeshConfig, annotations, labels map[string]string, namespace string, containers []corev1.Container) string {
	asks := func(p *meshconfig.MeshConfig_ExtensionProvider) bool {
		return p.GetOpentelemetry().GetServiceAttributeEnrichment() == meshconfig.MeshConfig_ExtensionProvider_OTEL_SEMANTIC_CONVENTIONS
	}
	if !slices.ContainsFunc(mesh.GetExtensionProviders(), asks) {
		return ""
	}
	candidates := map[string][]string{
		"service.namespace":   {namespace},
		"service.version":     {labels["app.kubernetes.io/version"]},
		"service.instance.id": nil,
	}
	if len(containers) == 1 {
		candidates["service.version"] = append(candidates["service.version"], imageVersion(containers[0].Image))
	}
	if len(containers) > 0 { // the pod's name is not known yet
		candidates["service.instance.id"] = []string{namespace + ".$(POD_NAME)." + containers[0].Name}
	}
	var attributes []string
	for _, name := range []string{"service.namespace", "service.version", "service.instance.id"} {
		for _, value := range append([]string{annotations["resource.opentelemetry.io/"+name]}, candidates[name]...) {
			if value != "" {
				attributes = append(attributes, name+"="+value)
				break
			}
		}
	}
	return strings.Join(attributes, ",")
}

// imageVersion returns tag and digest of an image, as far as it has them.
func imageVersion(image string) string {
	name, digest, hasDigest := strings.Cut(image, "@")
	tag := ""
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		tag = name[colon+1:]
	}
	if hasDigest && tag != "" {
		return tag + "@" + digest
	}
	return tag + digest
}
