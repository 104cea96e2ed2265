package templates

import "fmt"

// warnCompletion warns of a pod that is to end, such as a Job's, and has an ordinary container injected: the pod goes on
// until every ordinary container has ended, and a proxy does not end. A Job's pods never have restartPolicy Always.
func warnCompletion(s *subject) []string {
	policy := textAt(s.after, "spec.restartPolicy")
	if policy != "Never" && policy != "OnFailure" {
		return nil
	}
	var warnings []string
	for _, container := range s.after.In(Containers) {
		if name := nameOf(container); s.injects(Containers, name) {
			warning := fmt.Sprintf("the pod has restartPolicy %s, and does not end as long as the injected container %q runs", policy, name)
			if key := s.profile.Keys.NativeSidecar; key != "" {
				warning += fmt.Sprintf("; annotation %q \"true\" makes it a native sidecar, which ends with the pod", key)
			}
			warnings = append(warnings, warning)
		}
	}
	return warnings
}
