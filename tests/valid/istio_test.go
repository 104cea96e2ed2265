package valid

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// newIstio returns the profile istio with Istio's own template and default values.
func newIstio(native bool) (*injector, error) {
	sources, err := istioSources()
	if err != nil {
		return nil, err
	}
	sources.NativeSidecars = native
	installation, err := istio.Load(sources)
	if err != nil {
		return nil, fmt.Errorf("read the configuration of Istio: %w", err)
	}
	config, err := webhook.NewConfig(installation.Profile, webhook.ConfigFile{Policy: installation.Policy}, nil)
	if err != nil {
		return nil, fmt.Errorf("configure the profile istio: %w", err)
	}
	name := "istio"
	if !native {
		name += ", ordinary containers"
	}
	return newInjector(name, config, istioSidecar())
}

// istioSources makes of the files of Istio's chart what the chart makes of them, for injection: the template goes into the
// ConfigMap as it stands, and the values but for those of other parts.
func istioSources() (istio.Sources, error) {
	chart, err := istioChart()
	if err != nil {
		return istio.Sources{}, err
	}
	template, err := os.ReadFile(filepath.Join(chart, "files", "injection-template.yaml"))
	if err != nil {
		return istio.Sources{}, err
	}
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return istio.Sources{}, err
	}
	var defaults struct {
		Values map[string]any `json:"_internal_defaults_do_not_set"`
	}
	if err := yaml.Unmarshal(text, &defaults); err != nil {
		return istio.Sources{}, fmt.Errorf("read the values of Istio's chart: %w", err)
	}
	all := defaults.Values
	gateways, _ := all["gateways"].(map[string]any)
	values, err := json.Marshal(map[string]any{
		"global": all["global"], "sidecarInjectorWebhook": all["sidecarInjectorWebhook"], "revision": all["revision"],
		"pilot":    map[string]any{"cni": all["cni"], "env": all["env"]},
		"gateways": map[string]any{"securityContext": gateways["securityContext"], "seccompProfile": gateways["seccompProfile"]},
	})
	if err != nil {
		return istio.Sources{}, err
	}
	config, err := yaml.Marshal(map[string]any{
		"policy": "enabled", "defaultTemplates": []string{"sidecar"}, "templates": map[string]string{"sidecar": string(template)},
	})
	if err != nil {
		return istio.Sources{}, err
	}
	return istio.Sources{Config: config, Values: values}, nil
}

// istioChart returns the folder of the chart in Istio's module, at the version that the conformance tests require.
func istioChart() (string, error) {
	command := exec.Command("go", "mod", "download", "-json", "istio.io/istio")
	command.Dir = filepath.Join("..", "conformance")
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("find the module %q: %w: %s", "istio.io/istio", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("find the module %q: %w", "istio.io/istio", err)
	}
	return filepath.Join(strings.TrimSpace(module.Dir), "manifests", "charts", "istio-control", "istio-discovery"), nil
}

// istioSidecar is what Istio's template injects, and annotations that it reads.
func istioSidecar() pods.Sidecar {
	sidecar := pods.Envoy()
	sidecar.Containers = []string{"istio-proxy", "istio-init"}
	sidecar.Ports = []int64{15000, 15001, 15006, 15020, 15021, 15090}
	sidecar.PortNames = []string{"http-envoy-prom"}
	sidecar.Volumes = []string{"istio-envoy", "istio-data", "istio-podinfo", "istio-token", "istiod-ca-cert", "workload-socket"}
	sidecar.MountPaths = []string{"/etc/istio/proxy", "/var/run/secrets/tokens", "/var/lib/istio/data"}
	var known []pods.Annotation
	for _, a := range sidecar.Annotations {
		if a.Key == "inject.istio.io/templates" {
			a.Good = []string{"sidecar"}
		}
		if !strings.HasPrefix(a.Key, "sidecar-injector.github.io/") {
			known = append(known, a)
		}
	}
	sidecar.Annotations = append(known,
		pods.Annotation{Key: "status.sidecar.istio.io/port", Good: []string{"0", "15020", "15099"}, Bad: []string{"status", "70000"}},
		pods.Annotation{Key: "readiness.status.sidecar.istio.io/periodSeconds", Good: []string{"1", "30"}, Bad: []string{"0", "-1", "1.5"}},
		pods.Annotation{Key: "readiness.status.sidecar.istio.io/initialDelaySeconds", Good: []string{"0", "1"}, Bad: []string{"-1", "soon"}},
		pods.Annotation{Key: "sidecar.istio.io/rewriteAppHTTPProbers", Good: []string{"true", "false"}, Bad: []string{"maybe"}},
		pods.Annotation{Key: "proxy.istio.io/config", Good: []string{"concurrency: 4", "holdApplicationUntilProxyStarts: true", "{}", "interceptionMode: TPROXY"}, Bad: []string{"unknown: 1"}},
		pods.Annotation{Key: "sidecar.istio.io/bootstrapOverride", Good: []string{"my-bootstrap"}, Bad: []string{"My Bootstrap"}},
		pods.Annotation{Key: "sidecar.istio.io/userVolume", Good: []string{`{"mine":{"emptyDir":{}}}`}, Bad: []string{`{"Mine":{}}`, "none"}},
		pods.Annotation{Key: "sidecar.istio.io/userVolumeMount", Good: []string{`{"mine":{"mountPath":"/mine"}}`}, Bad: []string{`{"other":{"mountPath":"/x"}}`, "none"}},
		pods.Annotation{Key: "sidecar.istio.io/capNetBindService", Good: []string{"true", "false"}},
	)
	return sidecar
}
