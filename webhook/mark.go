package webhook

import "github.com/sidecar-injector/sidecar-injector/templates"

// skips says that the pod is let in without a sidecar though somebody asked for one.
func (a *answer) skips(config *Config) bool {
	switch a.reason {
	case ReasonMirrorPod, ReasonLabelFalse, ReasonAnnotationFalse, ReasonNamespaceFalse, ReasonNotRequested:
		return false
	}
	return a.outcome == outcomeSkip || a.outcome == outcomeError && config.onError == onErrorAllow
}

// mark returns the patch that says in an annotation why a pod is skipped, nil if it says so already. The pod is not changed.
func (c *Config) mark(pod map[string]any, reason Reason) []byte {
	marked := templates.Pod(pod).Editable()
	marked.Annotations()[c.policy.Keys.Skipped()] = string(reason)
	patch := templates.Diff(pod, marked)
	if patch == nil {
		return nil
	}
	return patch.AppendJSON(nil)
}
