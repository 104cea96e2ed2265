package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"

	"istio.io/istio/operator/pkg/render"
	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/kube/multicluster"
	istiolog "istio.io/istio/pkg/log"
)

// installation is what Istio's injector and ours, with the profile istio, are configured with: the keys of Istio's
// ConfigMaps, as its own chart renders them.
type installation struct{ config, values, mesh string }

// renderChart renders the chart of Istio's control plane that is in its Go module.
func renderChart() (installation, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		return installation{}, fmt.Errorf("find the module %q: %w", "istio.io/istio", err)
	}
	sets, _, err := render.GenerateManifest(nil, []string{
		"installPackagePath=" + filepath.Join(strings.TrimSpace(string(dir)), "manifests"),
		"profile=empty", "components.pilot.enabled=true",
	}, false, nil, nil)
	if err != nil {
		return installation{}, fmt.Errorf("render Istio's chart: %w", err)
	}
	data := map[string]string{}
	for _, set := range sets {
		for _, object := range set.Manifests {
			if object.GetKind() == "ConfigMap" {
				of, _ := object.Object["data"].(map[string]any)
				for key, text := range of {
					data[object.GetName()+"/"+key], _ = text.(string)
				}
			}
		}
	}
	i := installation{config: data["istio-sidecar-injector/config"], values: data["istio-sidecar-injector/values"], mesh: data["istio/mesh"]}
	if i.config == "" || i.values == "" || i.mesh == "" {
		return installation{}, fmt.Errorf("render Istio's chart: a ConfigMap or a key is missing")
	}
	return i, nil
}

// newIstios returns Istio's real webhook, for native sidecars. It logs nothing. It sets what the webhook reads from its
// process, so there is one such webhook in a process.
func newIstios(of installation) (injector, error) {
	for _, scope := range istiolog.Scopes() {
		scope.SetOutputLevel(istiolog.NoneLevel)
	}
	features.EnableNativeSidecars = features.NativeSidecarModeEnabled
	config, err := inject.UnmarshalConfig([]byte(of.config))
	if err != nil {
		return injector{}, fmt.Errorf("configure Istio's webhook: %w", err)
	}
	meshConfig, err := mesh.ApplyMeshConfig(of.mesh, mesh.DefaultMeshConfig())
	if err != nil {
		return injector{}, fmt.Errorf("configure Istio's webhook: %w", err)
	}
	store := model.NewFakeStore()
	environment := &model.Environment{Watcher: meshwatcher.NewTestWatcher(meshConfig), ConfigStore: store}
	environment.SetPushContext(&model.PushContext{ProxyConfigs: model.GetProxyConfigs(store, meshConfig)})
	mux := http.NewServeMux()
	if _, err := inject.NewWebhook(inject.WebhookParameters{
		Watcher:      unchanging{&config, of.values},
		Env:          environment,
		Mux:          mux,
		Revision:     "default",
		MultiCluster: multicluster.NewFakeController(),
	}); err != nil {
		return injector{}, fmt.Errorf("start Istio's webhook: %w", err)
	}
	return injector{handler: mux, path: "/inject"}, nil
}

// unchanging is an injection configuration that never changes.
type unchanging struct {
	config *inject.Config
	values string
}

func (unchanging) SetHandler(func(*inject.Config, string) error) {}
func (unchanging) Run(<-chan struct{})                           {}
func (u unchanging) Get() (*inject.Config, string, error)        { return u.config, u.values, nil }
