package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Trace decides as Decide does, for every row of its table, and says what each rule saw.
func TestTrace(t *testing.T) {
	enabled, disabled := parsed(t, testPolicy, "").Policy(), parsed(t, testPolicy+"policy: disabled", "").Policy()
	for sentence, row := range decisionRows {
		t.Run(sentence, func(t *testing.T) {
			policy := enabled
			if row.disabled {
				policy = disabled
			}
			pod := typed(t, aPod(t, row.pod...))
			decision, steps := Trace(pod, row.in, policy)
			if diff := cmp.Diff(Decide(pod, row.in, policy), decision); diff != "" {
				t.Errorf("the decision (-Decide +Trace):\n%s", diff)
			}
			if len(steps) != 14 {
				t.Fatalf("%d steps, want one for each of the 14 rules", len(steps))
			}
			decided, first := 0, 0
			for i, step := range steps {
				if step.Rule != i+1 || step.When == "" || step.Saw == "" || strings.Contains(step.Saw, "%!") {
					t.Errorf("step %d is incomplete: %+v", i+1, step)
				}
				if first == 0 && step.Applies {
					first = step.Rule
				}
				if step.Decided {
					decided++
					if step.Reason != decision.Reason || step.Inject != decision.Inject || step.Injector != decision.Injector {
						t.Errorf("the step that decided says %+v, the decision is %+v", step, decision)
					}
					if step.Rule != first && step.Rule != len(steps) {
						t.Errorf("rule %d decided, but rule %d applies before it", step.Rule, first)
					}
				}
			}
			if decided != 1 {
				t.Errorf("%d steps decided, want 1", decided)
			}
		})
	}
}
