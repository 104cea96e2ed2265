package webhook

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// podSecurity evaluates Pod Security; it is made when the first namespace that enforces a level is met.
var podSecurity = sync.OnceValues(func() (policy.Evaluator, error) {
	return policy.NewEvaluator(policy.DefaultChecks(), nil)
})

// podSecurityWarning returns a sentence if the namespace enforces a Pod Security level that the pod keeps without its
// sidecar and breaks with it: the API server is about to refuse it, and its author ought to read why. It is empty if
// all is well.
func podSecurityWarning(engine *templates.Engine, input templates.Input) (string, error) {
	namespace := &input.Namespace
	if namespace.Labels[api.EnforceLevelLabel] == "" {
		return "", nil
	}
	levels, invalid := api.PolicyToEvaluate(namespace.Labels, api.Policy{Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}})
	if len(invalid) > 0 || levels.Enforce.Level == api.LevelPrivileged {
		return "", nil // the API server warns of invalid labels itself
	}
	evaluator, err := podSecurity()
	if err != nil {
		return "", fmt.Errorf("prepare Pod Security checks: %w", err)
	}
	injected, err := engine.Inject(input)
	if err != nil {
		return "", fmt.Errorf("inject the pod for Pod Security checks: %w", err)
	}
	check := func(raw map[string]any) (result policy.AggregateCheckResult, err error) {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &pod); err != nil {
			return result, fmt.Errorf("convert pod for Pod Security checks: %w", err)
		}
		return policy.AggregateCheckResults(evaluator.EvaluatePod(levels.Enforce, &pod.ObjectMeta, &pod.Spec)), nil
	}
	result, err := check(injected.Pod)
	if err != nil || result.Allowed {
		return "", err
	}
	if before, err := check(input.Pod); err != nil || !before.Allowed {
		return "", err
	}
	return fmt.Sprintf("namespace %q enforces Pod Security %q, which the injected pod violates: %s. Either the namespace enforces a level that allows this, or the pod goes without what needs it",
		namespace.Name, levels.Enforce.String(), result.ForbiddenDetail()), nil
}
