package templates

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// checkIDs: users and groups are numbers from 0 to 2147483647.
func checkIDs(_ string, container map[string]any) *violation {
	for _, field := range []string{"runAsUser", "runAsGroup"} {
		value := valueAt(container, "securityContext."+field)
		if id, ok := value.(int64); ok && (id < 0 || id > math.MaxInt32) {
			return &violation{container: nameOf(container), field: "securityContext." + field, problem: fmt.Sprintf("%d is out of range, want 0 to %d", id, math.MaxInt32)}
		}
	}
	return nil
}

// checkPrivileges: a container that must not gain privileges has none. An override that asks for some has to allow it, since
// the templates forbid it.
func checkPrivileges(_ string, container map[string]any) *violation {
	if valueAt(container, "securityContext.allowPrivilegeEscalation") != false {
		return nil
	}
	const remedy = "needs allowPrivilegeEscalation true, which is false"
	if valueAt(container, "securityContext.privileged") == true {
		return &violation{container: nameOf(container), field: "securityContext.privileged", problem: remedy}
	}
	added, _ := valueAt(container, "securityContext.capabilities.add").([]any)
	if slices.Contains(added, any("CAP_SYS_ADMIN")) {
		return &violation{container: nameOf(container), field: "securityContext.capabilities.add", problem: "CAP_SYS_ADMIN " + remedy}
	}
	return nil
}

// checkProfileAnnotations: the deprecated annotations about the seccomp and AppArmor profile of a container say the same as
// its fields. About a container that is not there yet they may say anything.
func checkProfileAnnotations(s *subject, pod Pod) *violation {
	for _, container := range pod.All() {
		if s.lists[nameOf(container)] == "" {
			continue
		}
		key := corev1.SeccompContainerAnnotationKeyPrefix + nameOf(container)
		said, set := pod.Annotation(key)
		field := asObject(valueAt(container, "securityContext.seccompProfile"))
		if said == corev1.DeprecatedSeccompProfileDockerDefault {
			said = corev1.SeccompProfileRuntimeDefault
		}
		if set && field != nil && said != profileText(field) {
			return &violation{annotation: key, problem: fmt.Sprintf("%q does not agree with securityContext.seccompProfile of the container, which is %q: want that, or no annotation", said, profileText(field))}
		}
		key = corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + nameOf(container)
		said, set = pod.Annotation(key)
		field = asObject(valueAt(container, "securityContext.appArmorProfile"))
		if field == nil {
			field = asObject(valueAt(pod, "spec.securityContext.appArmorProfile"))
		}
		if set && field != nil && said != profileText(field) {
			return &violation{annotation: key, problem: fmt.Sprintf("%q does not agree with appArmorProfile of the container, which is %q: want that, or no annotation", said, profileText(field))}
		}
	}
	return nil
}

// profileText returns a seccomp or AppArmor profile as the annotations write it.
func profileText(profile map[string]any) string {
	switch kind := textAt(profile, "type"); kind {
	case "RuntimeDefault":
		return corev1.SeccompProfileRuntimeDefault
	case "Localhost":
		return "localhost/" + textAt(profile, "localhostProfile")
	default:
		return strings.ToLower(kind)
	}
}
