package lint

import (
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// open says what the configuration leaves to the authors of pods, where that includes what containers run to which the
// templates give capabilities: annotations alone may give code of a pod's author the privileges of the mesh then.
func (l *loader) open(engine *templates.Engine) []Finding {
	policy, profile := engine.PodPolicy(), engine.Profile()
	if policy.PrivilegedContainers == templates.PrivilegedProtected {
		return nil
	}
	what := []string{"what runs in containers to which the templates give capabilities (privilegedContainers)"}
	if policy.AllowedImages == nil || slices.Contains(policy.AllowedImages, "*") {
		what = append(what, "any image (allowedImages)")
	}
	if slices.Contains(profile.Redirect.Modes, "TPROXY") && (policy.AllowedInterceptionModes == nil || slices.Contains(policy.AllowedInterceptionModes, "TPROXY")) {
		what = append(what, "TPROXY, for which the proxy is root with NET_ADMIN (allowedInterceptionModes)")
	}
	if policy.AllowedAnnotations == nil || slices.Contains(policy.AllowedAnnotations, "*") {
		what = append(what, "all of "+strings.Join(profile.Annotations, ", ")+" (allowedAnnotations)")
	}
	finding := Finding{Rule: "pod-policy", Severity: Note, File: "profile/" + profile.Name, Message: "pods may choose " + strings.Join(what, "; ")}
	if placed := finding.in(l.origins.config, "podPolicy", 0, ""); len(placed) > 0 {
		finding = placed[0]
	}
	finding.Remedy = "close it with podPolicy in the configuration, if not all who create pods are trusted (docs/security.md)"
	return []Finding{finding}
}
