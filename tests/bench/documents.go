package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// The results of a file.
const (
	asYAML  = "documents, yaml"
	asDiff  = "documents, diff"
	builtIn = "documents, built-in"
)

// documents measures a file of 1,000 Deployments, each another one, from its bytes to those that are printed: through
// Istio's IntoResourceFile (istioctl kube-inject), and through preview with Istio's templates and with the built-in
// profile.
func (p *parts) documents(rounds int, into results) error {
	istios, err := istiosFile(p.installation)
	if err != nil {
		return err
	}
	file := deployments(1000)
	contenders := []contender{ofFile(nameIstios, file, istios)}
	previews := p.previews()
	for name, run := range previews {
		contenders = append(contenders, ofFile(name, file, run))
	}
	t := turns{rounds: min(rounds, 5), clock: wall, most: 1}
	of, err := t.run(func(int, int) {}, contenders)
	if err != nil {
		return err
	}
	for name := range previews {
		into[name] = measured{nameOurs: of[name], nameIstios: of[nameIstios]}
	}
	return nil
}

// previews are what preview does to a file, by the name of the result.
func (p *parts) previews() map[string]onFile {
	ofIstio := p.installation.sources()
	withIstio := configuration.Inputs{Config: []byte("profile: istio"), Istio: &ofIstio}
	return map[string]onFile{
		asYAML:  previewFile(withIstio, preview.FormatYAML),
		asDiff:  previewFile(withIstio, preview.FormatDiff),
		builtIn: previewFile(configuration.Inputs{}, preview.FormatYAML),
	}
}

// onFile is what somebody does to a file.
type onFile func(in io.Reader, out io.Writer) error

func ofFile(name string, file []byte, run onFile) contender {
	return contender{name: name, run: func(int, int) error {
		var out bytes.Buffer
		if err := run(bytes.NewReader(file), &out); err != nil {
			return err
		}
		if !bytes.Contains(out.Bytes(), []byte("-proxy")) {
			return fmt.Errorf("nothing was injected: %.200s", out.Bytes())
		}
		return nil
	}}
}

// istiosFile is what istioctl kube-inject does to a file.
func istiosFile(of installation) (onFile, error) {
	config, err := inject.UnmarshalConfig([]byte(of.config))
	if err != nil {
		return nil, fmt.Errorf("configure Istio's injection: %w", err)
	}
	values, err := inject.NewValuesConfig(of.values)
	if err != nil {
		return nil, fmt.Errorf("configure Istio's injection: %w", err)
	}
	meshConfig, err := mesh.ApplyMeshConfig(of.mesh, mesh.DefaultMeshConfig())
	if err != nil {
		return nil, fmt.Errorf("configure Istio's injection: %w", err)
	}
	return func(in io.Reader, out io.Writer) error {
		return inject.IntoResourceFile(nil, config.Templates, values, "default", meshConfig, in, out, func(string) {})
	}, nil
}

// previewFile is what preview does to a file, from the reading of its configuration on.
func previewFile(inputs configuration.Inputs, format preview.Format) onFile {
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
