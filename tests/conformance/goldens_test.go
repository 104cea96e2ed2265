package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// deliberately are the goldens where our webhook answers otherwise on purpose, by the name of the input, with the
// reason that it gives for its decision.
var deliberately = map[string]struct{ decision, why string }{
	"merge-probers.yaml": {"injected_by_other",
		"the pod carries the sidecar of another injector, which istiod would inject again and we leave alone"},
}

// TestGoldens sends every case of Istio's TestInjection through our webhook and compares with Istio's golden. What
// Istio's real webhook makes of it stands beside it.
func TestGoldens(t *testing.T) {
	cases, err := injectionCases()
	if err != nil {
		t.Fatal(err)
	}
	table := newTable("goldens", "case", "ours", "Istio's webhook", "")
	used := map[string]bool{}
	for _, c := range cases {
		used[c.want], used[c.in] = true, true
		result := runGolden(t, c)
		table.row(result.problem, c.name(), result.ours, result.istios, result.remark)
	}
	for _, name := range append(keysOf(meshChanges), keysOf(deliberately)...) {
		if !used[name] {
			t.Errorf("no case is named %q any more", name)
		}
	}
	table.finish(t)
}

// goldenResult is what became of a case.
type goldenResult struct {
	ours, istios, remark string
	problem              string
}

func runGolden(t *testing.T, c injectionCase) goldenResult {
	configuration, err := configurationOf(c)
	if err != nil {
		return goldenResult{problem: err.Error()}
	}
	in, want, err := goldenPods(c)
	if err != nil {
		return goldenResult{problem: err.Error()}
	}
	if len(in) == 0 {
		return goldenResult{remark: "no pods in it: nothing reaches a webhook"}
	}
	istios, err := newIstios(configuration, stopOf(t))
	if err != nil {
		return goldenResult{problem: err.Error()}
	}
	result := goldenResult{istios: "equal"}
	if problem := compareGolden(c, istios, in, want); problem != "" {
		// Not ours to judge, but then the golden or this test is not what it seems to be.
		result.istios, result.problem = "differs", "Istio's own webhook does not make the golden:\n"+problem
	}
	ours, err := newOurs(configuration)
	if err != nil {
		return goldenResult{istios: result.istios, problem: err.Error()}
	}
	if known, ok := deliberately[c.in]; ok {
		result.ours, result.remark = "skipped", known.why
		result.problem += checkDecision(ours, in, known.decision)
		return result
	}
	result.ours = "equal"
	if c.wantError != "" {
		result.ours, result.istios = "denied", strings.Replace(result.istios, "equal", "denied", 1)
	}
	if problem := compareGolden(c, ours, in, want); problem != "" {
		result.ours = "differs"
		result.problem += problem
	}
	return result
}

// goldenPods returns the pods of a case and what is to become of them.
func goldenPods(c injectionCase) (in, want []submission, err error) {
	text, err := readInput(c.in)
	if err != nil {
		return nil, nil, err
	}
	if in, err = submissionsOf(text); err != nil || c.wantError != "" {
		return in, nil, err
	}
	if text, err = readInput(c.want); err != nil {
		return nil, nil, err
	}
	if want, err = submissionsOf(text); err == nil && len(want) != len(in) {
		err = fmt.Errorf("read %q: %d pods, the input has %d", c.want, len(want), len(in))
	}
	return in, want, err
}

// compareGolden sends the pods of a case and says what is wrong with the answers.
func compareGolden(c injectionCase, webhook *injector, in, want []submission) string {
	var problems []string
	for i, pod := range in {
		got, err := webhook.admit(pod)
		switch {
		case err != nil:
			problems = append(problems, "    "+err.Error())
		case c.wantError != "":
			if !got.denied || !strings.Contains(strings.ToLower(got.message), c.wantError) {
				problems = append(problems, fmt.Sprintf("    got %q, want a denial with %q", got, c.wantError))
			}
		case got.denied:
			problems = append(problems, fmt.Sprintf("    pod %d: %s", i, got))
		default:
			diff, err := difference(want[i].pod, got.pod)
			if err != nil {
				diff = "+" + err.Error()
			}
			if diff != "" {
				problems = append(problems, fmt.Sprintf("    pod %d, %s (-golden +got):\n%s", i, got, changedLines(diff, 12)))
			}
		}
	}
	return strings.Join(problems, "\n")
}

// checkDecision checks that all pods are let in as they are, for a reason.
func checkDecision(webhook *injector, pods []submission, reason string) string {
	for _, pod := range pods {
		got, err := webhook.admit(pod)
		if err != nil {
			return err.Error()
		}
		if got.denied || got.patched || got.reason != reason {
			return fmt.Sprintf("    got %s with reason %q, want skipped with reason %q", got, got.reason, reason)
		}
	}
	return ""
}

// stopOf returns a channel that is closed when the test ends.
func stopOf(t testing.TB) chan struct{} {
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	return stop
}
