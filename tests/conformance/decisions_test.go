package conformance

import (
	"encoding/json"
	"fmt"
	"testing"

	"istio.io/api/annotation"
	"istio.io/api/label"
	"istio.io/istio/pkg/kube/inject"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// decisionRows is how many rows Istio's TestInjectRequired has.
const decisionRows = 36

// decisionRow is a row of Istio's TestInjectRequired.
type decisionRow struct {
	Config  inject.Config
	PodSpec map[string]any
	Meta    metav1.ObjectMeta
	Want    bool
}

// decisionDifference is a decision that is ours on purpose.
type decisionDifference struct {
	name, why string
	applies   func(row decisionRow, scope webhook.Scope) bool
}

func decisionDifferences() []decisionDifference {
	return []decisionDifference{
		{
			"annotation opts in", "in a namespace without label the annotation is enough; Istio's selectors do not see annotations",
			func(row decisionRow, scope webhook.Scope) bool {
				_, labelled := row.Meta.Labels[label.SidecarInject.Name]
				return scope == webhook.ScopePod && !labelled && row.Meta.Annotations[annotation.SidecarInject.Name] == "true"
			},
		},
		{
			"unknown policy", "a configuration with a policy that does not exist is refused when it is loaded; Istio takes it and injects nothing",
			func(row decisionRow, _ webhook.Scope) bool {
				return row.Config.Policy != inject.InjectionPolicyEnabled && row.Config.Policy != inject.InjectionPolicyDisabled
			},
		},
	}
}

// TestDecisions asks both webhooks for every row of Istio's TestInjectRequired, ours twice: in a namespace that opted
// in, as Istio's table has it, and in one without label, where Istio is called for pods that have the label alone.
func TestDecisions(t *testing.T) {
	rows, err := readDecisions()
	if err != nil {
		t.Fatal(err)
	}
	table := newTable("decisions", "row", "Istio's table", "Istio's webhook", "ours, namespace opted in", "ours, namespace says nothing", "")
	for i, row := range rows {
		table.decide(t, fmt.Sprintf("[%02d] %s", i, row.Meta.Name), row)
	}
	for _, difference := range decisionDifferences() {
		table.note("%s: %s", difference.name, difference.why)
	}
	table.finish(t)
}

func readDecisions() ([]decisionRow, error) {
	table, err := readTable("webhook_test.go", "TestInjectRequired")
	if err != nil {
		return nil, err
	}
	if len(table) != decisionRows {
		return nil, fmt.Errorf("read the table of TestInjectRequired: %d rows, want %d", len(table), decisionRows)
	}
	reader := evaluator{
		names: map[string]any{
			"InjectionPolicyEnabled":        inject.InjectionPolicyEnabled,
			"InjectionPolicyDisabled":       inject.InjectionPolicyDisabled,
			"annotation.SidecarInject.Name": annotation.SidecarInject.Name,
			"label.SidecarInject.Name":      label.SidecarInject.Name,
			"podSpec":                       map[string]any{},
			"podSpecHostNetwork":            map[string]any{"hostNetwork": true},
		},
		calls: map[string]func(...any) (any, error){
			"parseToLabelSelector": func(args ...any) (any, error) {
				return metav1.ParseToLabelSelector(args[0].(string))
			},
		},
	}
	var rows []decisionRow
	for i, expression := range table {
		value, err := reader.value(expression)
		if err != nil {
			return nil, fmt.Errorf("read row %d of TestInjectRequired: %w", i, err)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		var row decisionRow
		// The names of the fields differ from those in JSON by their first letter alone.
		if err := json.Unmarshal(encoded, &row); err != nil {
			return nil, fmt.Errorf("read row %d of TestInjectRequired: %w", i, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// decide adds a row to the table.
func (t *table) decide(test *testing.T, name string, row decisionRow) {
	configuration, pod, err := row.question()
	if err != nil {
		t.row(err.Error(), name)
		return
	}
	istios, err := newIstios(configuration, stopOf(test))
	if err != nil {
		t.row(err.Error(), name)
		return
	}
	got, err := istios.admit(pod)
	if err != nil {
		t.row(err.Error(), name)
		return
	}
	problem := ""
	if got.patched != row.Want {
		problem = "    Istio's webhook does not decide as its own table: the row is not what it seems to be\n"
	}
	// In a namespace without label and revision the API server calls Istio for pods with this label.
	called := row.Meta.Labels[label.SidecarInject.Name] == "true"
	inNamespace, difference1, problem1 := row.ours(configuration, pod, webhook.ScopeNamespace, row.Want)
	byItself, difference2, problem2 := row.ours(configuration, pod, webhook.ScopePod, row.Want && called)
	if difference1 == "" {
		difference1 = difference2
	}
	t.row(problem+problem1+problem2, name, injects(row.Want), injects(got.patched), inNamespace, byItself, difference1)
}

// question is the row as a configuration and a pod.
func (r decisionRow) question() (configuration, submission, error) {
	c, err := renderChart(nil, "")
	if err != nil {
		return c, submission{}, err
	}
	config := map[string]any{}
	if err := yaml.Unmarshal([]byte(c.config), &config); err != nil {
		return c, submission{}, err
	}
	config["policy"] = r.Config.Policy
	config["neverInjectSelector"] = r.Config.NeverInjectSelector
	config["alwaysInjectSelector"] = r.Config.AlwaysInjectSelector
	text, err := yaml.Marshal(config)
	if err != nil {
		return c, submission{}, err
	}
	c.config = string(text)
	r.PodSpec["containers"] = []any{map[string]any{"name": "app", "image": "app"}}
	pod, err := newSubmission(map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": r.Meta, "spec": r.PodSpec}, r.Meta.Namespace)
	return c, pod, err
}

// ours returns our decision with its reason, the name of the difference if it is one that is meant, and what is wrong
// if it is not.
func (r decisionRow) ours(c configuration, pod submission, scope webhook.Scope, want bool) (decision, difference, problem string) {
	for _, known := range decisionDifferences() {
		if known.applies(r, scope) {
			difference = known.name
		}
	}
	got := outcome{reason: "configuration refused"}
	ours, err := newOursAt(c, scope)
	if err == nil {
		got, err = ours.admit(pod)
	} else if difference != "" {
		err = nil
	}
	if err != nil {
		return "error", "", fmt.Sprintf("    %s: %s\n", scope, err)
	}
	decision = fmt.Sprintf("%s (%s)", injects(got.patched), got.reason)
	differs := got.patched != want || got.reason == "configuration refused"
	switch {
	case got.denied:
		problem = fmt.Sprintf("    %s: %s\n", scope, got)
	case differs && difference == "":
		problem = fmt.Sprintf("    %s: %s, want %s\n", scope, decision, injects(want))
	case !differs && difference != "":
		problem = fmt.Sprintf("    %s: %s as Istio, though the difference %q is listed\n", scope, decision, difference)
	}
	return decision, difference, problem
}

func injects(yes bool) string {
	if yes {
		return "inject"
	}
	return "skip"
}
