package parts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	repository, err := FindRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	built, programs, err := plan(Options{Repository: repository})
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) != 5 {
		t.Errorf("%d programs to build, want 5", len(programs))
	}
	if folder := filepath.Base(filepath.Dir(built.KubeAPIServer)); !strings.Contains(folder, built.KubernetesVersion) || !strings.Contains(folder, built.EtcdVersion) {
		t.Errorf("kube-apiserver is built in %q, want a folder named for its version %s and etcd's %s", folder, built.KubernetesVersion, built.EtcdVersion)
	}
}

func TestPlanWithAssets(t *testing.T) {
	repository, err := FindRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	assets := t.TempDir()
	if _, _, err := plan(Options{Repository: repository, Assets: assets}); err == nil || !strings.Contains(err.Error(), "etcd") {
		t.Errorf("plan with an empty folder of assets: %v, want an error that names etcd", err)
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if err := os.WriteFile(filepath.Join(assets, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	built, programs, err := plan(Options{Repository: repository, Assets: assets})
	if err != nil {
		t.Fatal(err)
	}
	if built.Etcd != filepath.Join(assets, "etcd") {
		t.Errorf("etcd is %q, want the one of the assets", built.Etcd)
	}
	if len(programs) != 2 {
		t.Errorf("%d programs to build, want kube-controller-manager and cert-manager", len(programs))
	}
}

func TestRequired(t *testing.T) {
	dir := t.TempDir()
	text := "module m\n\nrequire a.example/one v1.2.3\n\nrequire (\n\ta.example/two v0.4.0 // indirect\n)\n\nreplace a.example/three => a.example/three v9.9.9\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for module, want := range map[string]string{"a.example/one": "v1.2.3", "a.example/two": "v0.4.0", "a.example/three": ""} {
		got, err := required(dir, module)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("required version of %s: %q, %v; want %q", module, got, err, want)
		}
	}
}

// TestOldestIsTheCharts: the oldest Kubernetes that is built is of the minor version that the chart promises.
func TestOldestIsTheCharts(t *testing.T) {
	repository, err := FindRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	built, _, err := plan(Options{Repository: repository, Kubernetes: "kubernetes-oldest"})
	if err != nil {
		t.Fatal(err)
	}
	chart, err := os.ReadFile(filepath.Join(repository, "manifests", "sidecar-injector", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	minor := strings.TrimPrefix(built.KubernetesVersion, "v")
	minor = minor[:strings.LastIndex(minor, ".")]
	if want := `kubeVersion: ">=` + minor + `.0-0"`; !strings.Contains(string(chart), want) {
		t.Errorf("%s is built, but the chart does not say %s", built.KubernetesVersion, want)
	}
}
