package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

// watched is a Prometheus that scrapes injectors, by the names of their pods, and evaluates the chart's alerts.
func watched(t *testing.T, namespace string, injectors map[string]*cluster.Injector) *cluster.Prometheus {
	t.Helper()
	programs, err := parts.BuildMonitoring(t.Context(), parts.Options{Repository: shared.Repository, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	prometheus, err := cluster.StartPrometheus(t.Context(), cluster.PrometheusOptions{
		Program: programs.Prometheus, Dir: t.TempDir(), Rules: chartFile("alerts.yaml"),
		Namespace: namespace, Injectors: injectors,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := prometheus.Stop(); err != nil {
			t.Error(err)
		}
	})
	return prometheus
}

// chartFile is a file that the chart installs as it stands.
func chartFile(name string) string {
	return filepath.Join(shared.Repository, "manifests", "sidecar-injector", "files", name)
}

// TestMonitoring: what the documentation, the dashboard and the alerts say of the metrics is so, by a Prometheus that
// scrapes the injector while it injects, skips and refuses pods, and is given a bad configuration.
func TestMonitoring(t *testing.T) {
	prometheus := watched(t, cluster.Release, map[string]*cluster.Injector{"injector-0": shared.injector})
	t.Run("a bad configuration sets off its alert", func(t *testing.T) { testRefusedConfiguration(t, prometheus) })
	t.Run("every query of the dashboard has data", func(t *testing.T) { testDashboard(t, prometheus) })
	t.Run("every alert is evaluated", func(t *testing.T) { testAlerts(t, prometheus) })
	t.Run("the table of metrics is what is exported", func(t *testing.T) { testMetrics(t, prometheus) })
}

func testRefusedConfiguration(t *testing.T, prometheus *cluster.Prometheus) {
	client := shared.Client.CoreV1().ConfigMaps(cluster.Release)
	good, err := client.Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // also after a failure
		if err := restore(context.WithoutCancel(t.Context()), good); err != nil {
			t.Error(err)
		}
	})
	withoutValidation(t, cluster.Release)
	err = cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error { return cutConfigMap(ctx, good.DeepCopy()) })
	if err != nil {
		t.Fatal(err)
	}
	const pending = `ALERTS{alertname="SidecarInjectorConfigurationRefused", alertstate="pending"}`
	waitForSamples(t, prometheus, pending, true)
	if err := restore(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	waitForSamples(t, prometheus, pending, false)
}

// withoutValidation has nobody refuse a bad configuration of a release before it is stored, until the end of the test. The API server
// follows with a delay.
func withoutValidation(t *testing.T, release string) {
	t.Helper()
	client := shared.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	validation, err := client.Get(t.Context(), release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), release, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		validation.ResourceVersion, validation.UID = "", ""
		if _, err := client.Create(context.WithoutCancel(t.Context()), validation, metav1.CreateOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// waitForSamples waits until the expression has a result, or none.
func waitForSamples(t *testing.T, prometheus *cluster.Prometheus, expression string, want bool) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		samples, err := prometheus.Query(ctx, expression)
		if err == nil && (len(samples) > 0) != want {
			err = fmt.Errorf("%s has %d results", expression, len(samples))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// panel is one of the dashboard.
type panel struct {
	Title       string
	Targets     []struct{ Expr, LegendFormat string }
	FieldConfig struct{ Defaults struct{ Unit string } }
}

// panels reads the dashboard.
func panels(t *testing.T) []panel {
	t.Helper()
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(fileOfChart(t, "dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

// filled gives a query of the dashboard what Grafana puts in for its variables.
var filled = strings.NewReplacer("$__rate_interval", "30s", "$namespace", cluster.Release)

func testDashboard(t *testing.T, prometheus *cluster.Prometheus) {
	namespace := newNamespace(t, injecting)
	err := cluster.Eventually(t.Context(), 2*waitTimeout, func(ctx context.Context) error {
		mustCreate(t, newPod(namespace))
		mustCreate(t, newPod(namespace, label(neverLabel, "yes")))
		if refused := create(t, newPod(namespace, annotation("sidecar.istio.io/proxyCPU", "much"))); refused.err == nil {
			return errors.New("a pod with a bad annotation was let in")
		}
		// A rate of nothing is data too.
		outcomes, err := prometheus.Query(ctx, "sum by (outcome) (rate(sidecar_injector_admissions_total[30s])) > 0")
		if err == nil && len(outcomes) != 3 {
			err = fmt.Errorf("outcomes %v, want inject, skip and error", outcomes)
		}
		errs := []error{err}
		for _, panel := range panels(t) {
			for _, target := range panel.Targets {
				expression := filled.Replace(target.Expr)
				samples, err := prometheus.Query(ctx, expression)
				if err == nil && !slices.ContainsFunc(samples, func(s cluster.Sample) bool { return s.Value != "NaN" }) {
					err = fmt.Errorf("no data for %s", expression)
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("panel %q: %w", panel.Title, err))
				}
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Error(err)
	}
	if count := len(panels(t)); count < 15 {
		t.Errorf("the dashboard has %d panels: is it read as it stands?", count)
	}
}

func testAlerts(t *testing.T, prometheus *cluster.Prometheus) {
	var file struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	if err := yaml.Unmarshal(fileOfChart(t, "alerts.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			want[rule.Alert] = "ok inactive"
		}
	}
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, State string }
			}
		}
		if err := prometheus.Get(ctx, "rules", nil, &data); err != nil {
			return err
		}
		got := map[string]string{}
		for _, group := range data.Groups {
			for _, rule := range group.Rules {
				got[rule.Name] = rule.Health + rule.LastError + " " + rule.State
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("alerts (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// testMetrics compares the table in docs/monitoring.md with what Prometheus knows of the metrics: type and labels of ours,
// and the prefixes of those that libraries add.
func testMetrics(t *testing.T, prometheus *cluster.Prometheus) {
	page, err := os.ReadFile(filepath.Join(shared.Repository, "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\*?)` \\| *([a-z]*) *\\| *([^|]*?) *\\|").FindAllStringSubmatch(string(page), -1) {
		want[row[1]] = row[2] + " " + strings.ReplaceAll(row[3], "`", "")
	}
	var metadata map[string][]struct{ Type string }
	if err := prometheus.Get(t.Context(), "metadata", nil, &metadata); err != nil {
		t.Fatal(err)
	}
	var series []map[string]string
	if err := prometheus.Get(t.Context(), "series", url.Values{"match[]": {`{__name__=~".+", pod!=""}`}}, &series); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, about := range metadata {
		if prefix, _, _ := strings.Cut(name, "_"); prefix != "sidecar" {
			got[prefix+"_*"] = " "
			continue
		}
		got[name] = about[0].Type + " " + strings.Join(labelsOf(name, series), ", ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of docs/monitoring.md and what is exported (-table +exported):\n%s", diff)
	}
}

// labelsOf returns the names of the labels that a metric gives its series, in order.
func labelsOf(name string, series []map[string]string) []string {
	labels := map[string]bool{}
	for _, one := range series {
		if one["__name__"] == name || one["__name__"] == name+"_count" {
			for label := range one {
				labels[label] = true
			}
		}
	}
	for _, label := range []string{"__name__", "job", "instance", "namespace", "pod"} { // those that Prometheus adds
		delete(labels, label)
	}
	names := make([]string, 0, len(labels))
	for label := range labels {
		names = append(names, label)
	}
	slices.Sort(names)
	return names
}
