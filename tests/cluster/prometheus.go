package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// PrometheusOptions say what a Prometheus does.
type PrometheusOptions struct {
	// Program is what runs, such as that of parts.BuildMonitoring. Required.
	Program string
	// Dir is an empty folder for its configuration, log and data. Required.
	Dir string
	// Rules is a file of rules that it evaluates every second. Required.
	Rules string
	// Namespace and Injectors, by the names of their pods, are what it scrapes every second, with the labels that a
	// PodMonitor would give them.
	Namespace string
	Injectors map[string]*Injector
}

// Prometheus is a running Prometheus. Its methods may be called from several goroutines.
type Prometheus struct {
	address string
	process *process
}

// StartPrometheus starts a Prometheus on loopback and returns once it is ready. The caller must Stop it.
func StartPrometheus(ctx context.Context, o PrometheusOptions) (*Prometheus, error) {
	var targets []any
	for pod, injector := range o.Injectors {
		targets = append(targets, map[string]any{"targets": []any{injector.Metrics}, "labels": map[string]any{"namespace": o.Namespace, "pod": pod}})
	}
	config, err := yaml.Marshal(map[string]any{
		"global":         map[string]any{"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
		"rule_files":     []any{o.Rules},
		"scrape_configs": []any{map[string]any{"job_name": o.Namespace + "/" + Release, "static_configs": targets}},
	})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Dir, "prometheus.yaml")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return nil, err
	}
	p := &Prometheus{}
	if p.address, err = FreeAddress(); err != nil {
		return nil, err
	}
	p.process, err = startProcess("prometheus", filepath.Join(o.Dir, "prometheus.log"), o.Program,
		"--config.file="+file, "--storage.tsdb.path="+filepath.Join(o.Dir, "data"), "--web.listen-address="+p.address)
	if err != nil {
		return nil, err
	}
	if err := p.process.wait(ctx, startTimeout, p.ready); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// Stop ends it and waits for that.
func (p *Prometheus) Stop() error { return p.process.stop() }

func (p *Prometheus) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/-/ready", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", response.Status)
	}
	return nil
}

// Get decodes what it answers at a path of /api/v1 into data. What it says is wrong with the question is an error.
func (p *Prometheus) Get(ctx context.Context, path string, parameters url.Values, data any) error {
	address := "http://" + p.address + "/api/v1/" + path + "?" + parameters.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("decode the answer of Prometheus to %q: %w", path, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("ask Prometheus %q: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

// Sample is one element of an instant vector.
type Sample struct {
	Labels map[string]string
	Value  string // as Prometheus writes it, such as 0.5 or NaN
}

// Query returns what an expression that gives a vector is now.
func (p *Prometheus) Query(ctx context.Context, expression string) ([]Sample, error) {
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any // when, and what
		}
	}
	if err := p.Get(ctx, "query", url.Values{"query": {expression}}, &data); err != nil {
		return nil, fmt.Errorf("%w in %s", err, expression)
	}
	samples := make([]Sample, 0, len(data.Result))
	for _, element := range data.Result {
		value, _ := element.Value[1].(string)
		samples = append(samples, Sample{element.Metric, value})
	}
	return samples, nil
}
