package docs

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestRunbooks: every alert of the chart says how bad it is and what it means, and has a row in the table of alerts and a
// section of runbooks.md, to which it links; no row and no section is of an alert that is not there.
func TestRunbooks(t *testing.T) {
	text, err := os.ReadFile("../manifests/sidecar-injector/files/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert               string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	const page = "https://github.com/sidecar-injector/sidecar-injector/blob/main/docs/runbooks.md#"
	alerts := map[string]string{}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			alerts[rule.Alert] = rule.Labels["severity"]
			if !slices.Contains([]string{"critical", "warning"}, rule.Labels["severity"]) {
				t.Errorf("%s has the severity %q, want critical or warning", rule.Alert, rule.Labels["severity"])
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s has no summary, or no description", rule.Alert)
			}
			if got, want := rule.Annotations["runbook_url"], page+strings.ToLower(rule.Alert); got != want {
				t.Errorf("%s links to %q, want %q", rule.Alert, got, want)
			}
		}
	}
	table, err := os.ReadFile("monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| \[(\w+)\]\(runbooks\.md#(\w+)\) \| (\w+) \|`).FindAllStringSubmatch(string(table), -1) {
		rows[row[1]] = row[3]
		if row[2] != strings.ToLower(row[1]) {
			t.Errorf("the row of %s links to %q", row[1], row[2])
		}
	}
	if diff := cmp.Diff(alerts, rows); diff != "" {
		t.Errorf("the table of alerts in monitoring.md (-alerts +table):\n%s", diff)
	}
	checkSections(t, alerts)
}

// checkSections compares the sections of runbooks.md with the alerts; each has the same four parts.
func checkSections(t *testing.T, alerts map[string]string) {
	t.Helper()
	text, err := os.ReadFile("runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\n## ")[1:]
	names := make([]string, 0, len(sections))
	for _, section := range sections {
		name, body, _ := strings.Cut(section, "\n")
		names = append(names, name)
		for _, part := range []string{"\n**Meaning.**", "\n**Users notice**", "\n**Find the cause.**", "\n**Fix it.**"} {
			if !strings.Contains(body, part) {
				t.Errorf("the section %s has no part %q", name, strings.TrimSpace(part))
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(alerts)), slices.Sorted(slices.Values(names))); diff != "" {
		t.Errorf("the sections of runbooks.md (-alerts +sections):\n%s", diff)
	}
}
