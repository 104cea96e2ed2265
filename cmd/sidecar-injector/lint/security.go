package lint

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// levels are the Pod Security levels, the strictest first.
var levels = []api.Level{api.LevelRestricted, api.LevelBaseline, api.LevelPrivileged}

// podSecurity says which Pod Security level pods keep that kept the restricted one before their injection: the lowest of
// all.
func podSecurity(made []*injected) ([]Finding, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare Pod Security checks: %w", err)
	}
	check := func(level api.Level, pod *corev1.Pod) policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
	}
	var lowest *Finding
	reached := -1
	for _, pod := range made {
		if !check(api.LevelRestricted, pod.before).Allowed {
			continue
		}
		refusals := make([]policy.AggregateCheckResult, len(levels))
		level := slices.IndexFunc(levels, func(level api.Level) bool {
			at := slices.Index(levels, level)
			refusals[at] = check(level, pod.after)
			return refusals[at].Allowed
		})
		if level <= reached {
			continue
		}
		reached = level
		lowest = &Finding{Rule: "pod-security", Severity: Note, Message: fmt.Sprintf("injected pods reach the Pod Security level %s", levels[level])}
		if level > 0 {
			lowest.Message += fmt.Sprintf("; %s refuses them: %s", levels[level-1], refusals[level-1].ForbiddenDetail())
			lowest.Remedy = fmt.Sprintf("label namespaces that enforce a stricter level %s=%s, or take out what needs it", api.EnforceLevelLabel, levels[level])
		}
	}
	if lowest == nil {
		return nil, nil
	}
	return []Finding{*lowest}, nil
}
