package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"

	settings "github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// BenchmarkDocuments is a file of 1,000 Deployments, each another one, from its bytes to those that are printed: through
// Istio's IntoResourceFile (istioctl kube-inject), and through preview, with the same templates of Istio's and with the
// built-in profile. MiB-heap is the most memory that the heap had after a run.
func BenchmarkDocuments(b *testing.B) {
	c, err := renderChart(nil, "")
	if err != nil {
		b.Fatal(err)
	}
	ofIstio := settings.Inputs{Config: []byte("profile: istio"), Istio: &istio.Sources{
		Config: []byte(c.config), Values: []byte(c.values), Mesh: []byte(c.mesh), NativeSidecars: true}}
	documents := deployments(1000)
	istios, err := istiosFile(c)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name string
		run  func(io.Reader, io.Writer) error
	}{
		{"Istio's IntoResourceFile", istios},
		{"preview yaml, Istio's templates", previewFile(ofIstio, preview.FormatYAML)},
		{"preview diff, Istio's templates", previewFile(ofIstio, preview.FormatDiff)},
		{"preview yaml, built-in profile", previewFile(settings.Inputs{}, preview.FormatYAML)},
		{"preview diff, built-in profile", previewFile(settings.Inputs{}, preview.FormatDiff)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var most uint64
			for b.Loop() {
				runtime.GC()
				var out bytes.Buffer
				if err := bench.run(bytes.NewReader(documents), &out); err != nil {
					b.Fatal(err)
				}
				if !bytes.Contains(out.Bytes(), []byte("proxy")) {
					b.Fatalf("nothing was injected: %.200s", out.Bytes())
				}
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				most = max(most, stats.HeapSys-stats.HeapReleased)
			}
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
		})
	}
}

// istiosFile is what istioctl kube-inject does to a file.
func istiosFile(c configuration) (func(io.Reader, io.Writer) error, error) {
	config, err := inject.UnmarshalConfig([]byte(c.config))
	if err != nil {
		return nil, err
	}
	values, err := inject.NewValuesConfig(c.values)
	if err != nil {
		return nil, err
	}
	meshConfig, err := mesh.ApplyMeshConfig(c.mesh, mesh.DefaultMeshConfig())
	if err != nil {
		return nil, err
	}
	return func(in io.Reader, out io.Writer) error {
		return inject.IntoResourceFile(nil, config.Templates, values, "default", meshConfig, in, out, func(string) {})
	}, nil
}

// previewFile is what preview does to a file, from the reading of its configuration on.
func previewFile(inputs settings.Inputs, format preview.Format) func(io.Reader, io.Writer) error {
	return func(in io.Reader, out io.Writer) error {
		config, err := inputs.Parse()
		if err != nil {
			return err
		}
		documents, err := (&manifest.Sources{Filenames: []string{"-"}, Stdin: in}).Read(context.Background())
		if err != nil {
			return err
		}
		namespaces, err := manifest.NewNamespaces(documents, nil)
		if err != nil {
			return err
		}
		handler, err := webhook.New(webhook.Options{Config: config, Namespaces: namespaces})
		if err != nil {
			return err
		}
		webhooks, err := selection.Default(config)
		if err != nil {
			return err
		}
		previewer, err := preview.New(preview.Options{Handler: handler, Webhooks: webhooks, Namespaces: namespaces})
		if err != nil {
			return err
		}
		printed, err := previewer.Print(context.Background(), documents, format)
		if err != nil {
			return err
		}
		_, err = out.Write(printed.Text)
		return err
	}
}

// deployments returns a file of so many workloads.
func deployments(count int) []byte {
	var file bytes.Buffer
	for i := range count {
		fmt.Fprintf(&file, `---
# The workload number %[1]d.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels: {app: app-%[1]d}
  template:
    metadata:
      labels: {app: app-%[1]d, sidecar.istio.io/inject: "true"}
    spec:
      containers:
      - name: app
        image: example.com/app:%[1]d
        ports:
        - containerPort: 8080
        env:
        - {name: MODE, value: production}
        readinessProbe:
          httpGet: {path: /ready, port: 8080}
        resources:
          requests: {cpu: 100m, memory: 64Mi}
`, i)
	}
	return file.Bytes()
}
