package lint

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podSecurity says which Pod Security level pods keep that kept the restricted one before their injection.
func podSecurity(made []*injected) ([]Finding, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare Pod Security checks: %w", err)
	}
	check := func(level api.Level, pod *corev1.Pod) policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
	}
	for _, pod := range made {
		if !check(api.LevelRestricted, pod.before).Allowed {
			continue
		}
		reached, refused := api.LevelRestricted, policy.AggregateCheckResult{Allowed: true}
		for _, lower := range []api.Level{api.LevelRestricted, api.LevelBaseline, api.LevelPrivileged} {
			result := check(lower, pod.after)
			reached = lower
			if result.Allowed {
				break
			}
			refused = result
		}
		message := fmt.Sprintf("injected pods reach the Pod Security level %s", reached)
		if !refused.Allowed {
			message += fmt.Sprintf("; the next one refuses: %s", refused.ForbiddenDetail())
		}
		return []Finding{{Rule: "pod-security", Severity: Note, Message: message}}, nil
	}
	return nil, nil
}
