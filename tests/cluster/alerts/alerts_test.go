// Package alerts has no code: its test has promtool say when the chart's alerts fire.
package alerts

import (
	"os"
	"os/exec"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

const (
	rules = "../../../manifests/sidecar-injector/files/alerts.yaml"
	tests = "rules_test.yaml"
)

// TestAlerts: each alert fires when it shall, and is shown not to fire when it shall not.
func TestAlerts(t *testing.T) {
	repository, err := parts.FindRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	programs, err := parts.BuildMonitoring(t.Context(), parts.Options{Repository: repository, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", rules}, {"test", "rules", tests}} {
		if out, err := exec.CommandContext(t.Context(), programs.Promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	var chart struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	read(t, rules, &chart)
	var cases struct {
		Tests []struct {
			AlertRuleTest []struct {
				Alertname string
				ExpAlerts []any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	read(t, tests, &cases)
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, test := range cases.Tests {
		for _, c := range test.AlertRuleTest {
			if len(c.ExpAlerts) > 0 {
				fires[c.Alertname] = true
			} else {
				rests[c.Alertname] = true
			}
		}
	}
	for _, group := range chart.Groups {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] || !rests[rule.Alert] {
				t.Errorf("%s: tested to fire: %v, tested not to fire: %v; want both", rule.Alert, fires[rule.Alert], rests[rule.Alert])
			}
		}
	}
	if len(fires) == 0 {
		t.Errorf("%s has no tests: is it read as it stands?", tests)
	}
}

// read decodes a file in YAML.
func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
