package cluster_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

const monitoredRelease = "monitored"

// monitoredChart has one kind of monitor, the alerts and the dashboard.
func monitoredChart(monitor string) cluster.ChartOptions {
	labels := map[string]any{"release": "prometheus"}
	return cluster.ChartOptions{Release: monitoredRelease, Namespace: monitoredRelease, Values: map[string]any{
		"config": map[string]any{"revision": monitoredRelease},
		"monitoring": map[string]any{
			monitor:          map[string]any{"enabled": true, "labels": labels, "interval": "30s"},
			"prometheusRule": map[string]any{"enabled": true, "labels": labels},
			"dashboard":      map[string]any{"enabled": true, "annotations": map[string]any{"grafana_folder": "Platform"}},
		},
	}}
}

// TestMonitors: the chart's monitors, rules and dashboard, as the API server stores them by the Prometheus Operator's own
// CustomResourceDefinitions, which drop what they do not know; monitors select what is there.
func TestMonitors(t *testing.T) {
	installMonitoringCRDs(t)
	options := monitoredChart("serviceMonitor")
	installRelease(t, options)
	endpoints := []any{map[string]any{"port": "metrics", "interval": "30s"}}
	monitor := monitored(t, "servicemonitors")
	compare(t, "endpoints of the ServiceMonitor", endpoints, monitor["endpoints"])
	services, err := shared.Client.CoreV1().Services(monitoredRelease).List(t.Context(), metav1.ListOptions{LabelSelector: selectorOf(t, monitor)})
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := shared.Client.AppsV1().Deployments(monitoredRelease).Get(t.Context(), monitoredRelease, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(services.Items) != 1 || services.Items[0].Spec.Ports[0].Name != "metrics" || services.Items[0].Spec.Ports[0].TargetPort.String() != "metrics" {
		t.Fatalf("the ServiceMonitor selects %+v, want one Service with a port metrics", services.Items)
	}
	compare(t, "selector of the Service", deployment.Spec.Selector.MatchLabels, services.Items[0].Spec.Selector)

	var rules map[string]any
	if err := yaml.Unmarshal(fileOfChart(t, "alerts.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	compare(t, "rules", rules, monitored(t, "prometheusrules"))
	dashboard, err := shared.Client.CoreV1().ConfigMaps(monitoredRelease).Get(t.Context(), monitoredRelease+"-dashboard", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "dashboard", map[string]string{"sidecar-injector.json": string(fileOfChart(t, "dashboard.json"))}, dashboard.Data)
	if dashboard.Labels["grafana_dashboard"] != "1" || dashboard.Annotations["grafana_folder"] != "Platform" {
		t.Errorf("the dashboard has the labels %v and annotations %v", dashboard.Labels, dashboard.Annotations)
	}

	options = monitoredChart("podMonitor")
	if err := shared.ApplyChart(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	monitor = monitored(t, "podmonitors")
	compare(t, "endpoints of the PodMonitor", endpoints, monitor["podMetricsEndpoints"])
	if got, want := selectorOf(t, monitor), metav1.FormatLabelSelector(deployment.Spec.Selector); got != want {
		t.Errorf("the PodMonitor selects %s, want %s", got, want)
	}
}

// installMonitoringCRDs has the API server know the Operator's kinds, until the end of the test.
func installMonitoringCRDs(t *testing.T) {
	t.Helper()
	folder, err := parts.MonitoringCRDs(t.Context(), shared.Repository)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, kind := range []string{"podmonitors", "servicemonitors", "prometheusrules"} {
		files = append(files, "-f", filepath.Join(folder, "monitoring.coreos.com_"+kind+".yaml"))
	}
	t.Cleanup(func() {
		if _, _, err := shared.Kubectl(context.WithoutCancel(t.Context()), "", append([]string{"delete", "--ignore-not-found"}, files...)...); err != nil {
			t.Error(err)
		}
	})
	for _, args := range [][]string{{"apply", "--server-side"}, {"wait", "--for=condition=established"}} {
		if _, _, err := shared.Kubectl(t.Context(), "", append(args, files...)...); err != nil {
			t.Fatal(err)
		}
	}
}

// monitored returns the specification of the release's object of a kind of the Operator's, which has the label by which it
// is selected.
func monitored(t *testing.T, resource string) map[string]any {
	t.Helper()
	kind := schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: resource}
	object, err := shared.Dynamic.Resource(kind).Namespace(monitoredRelease).Get(t.Context(), monitoredRelease, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if object.GetLabels()["release"] != "prometheus" {
		t.Errorf("%s has the labels %v", resource, object.GetLabels())
	}
	spec, _, err := unstructured.NestedMap(object.Object, "spec")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// selectorOf returns the labels that a monitor selects, as text.
func selectorOf(t *testing.T, monitor map[string]any) string {
	t.Helper()
	labels, _, err := unstructured.NestedStringMap(monitor, "selector", "matchLabels")
	if err != nil {
		t.Fatal(err)
	}
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
}

// fileOfChart reads a file that the chart installs as it stands.
func fileOfChart(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(chartFile(name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compare compares any two values.
func compare(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
