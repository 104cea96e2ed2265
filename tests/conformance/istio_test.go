package conformance

import (
	"fmt"
	"net/http"
	"os"

	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/pkg/model"
	istioconfig "istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/gvk"
	commonfeatures "istio.io/istio/pkg/features"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/kube/multicluster"
	istiolog "istio.io/istio/pkg/log"
	"istio.io/istio/pkg/platform"
)

// newIstios returns Istio's real webhook. stop ends what it watches with.
func newIstios(c configuration, stop chan struct{}) (*injector, error) {
	for _, scope := range istiolog.Scopes() {
		scope.SetOutputLevel(istiolog.NoneLevel)
	}
	defer c.setProcess()()
	config, err := inject.UnmarshalConfig([]byte(c.config))
	if err != nil {
		return nil, fmt.Errorf("configure Istio's webhook: %w", err)
	}
	meshConfig, err := mesh.ApplyMeshConfig(c.mesh, mesh.DefaultMeshConfig())
	if err != nil {
		return nil, fmt.Errorf("configure Istio's webhook: %w", err)
	}
	store := model.NewFakeStore()
	for _, resource := range c.proxyConfigs {
		meta := istioconfig.Meta{GroupVersionKind: gvk.ProxyConfig, Name: resource.Name, Namespace: resource.Namespace,
			CreationTimestamp: resource.CreationTimestamp.Time}
		if _, err := store.Create(istioconfig.Config{Meta: meta, Spec: resource.Spec}); err != nil {
			return nil, fmt.Errorf("store ProxyConfig %q: %w", resource.Name, err)
		}
	}
	environment := &model.Environment{Watcher: meshwatcher.NewTestWatcher(meshConfig), ConfigStore: store}
	environment.SetPushContext(&model.PushContext{ProxyConfigs: model.GetProxyConfigs(store, meshConfig)})
	clusters := multicluster.NewFakeController()
	mux := http.NewServeMux()
	if _, err := inject.NewWebhook(inject.WebhookParameters{
		Watcher:      unchanging{&config, c.values},
		Env:          environment,
		Mux:          mux,
		Revision:     "default",
		MultiCluster: clusters,
	}); err != nil {
		return nil, fmt.Errorf("start Istio's webhook: %w", err)
	}
	if c.openShift {
		client := kube.NewFakeClient(namespaceWithRanges())
		clusters.Add(constants.DefaultClusterName, client, stop)
		client.RunAndWait(stop)
	}
	return &injector{handler: mux, path: "/inject" + c.environment, around: c.setProcess}, nil
}

// setProcess sets what Istio's webhook reads from its process, and returns what sets it back.
func (c configuration) setProcess() (undo func()) {
	native, policy := features.EnableNativeSidecars, commonfeatures.CompliancePolicy
	system, hadSystem := os.LookupEnv(platform.Platform.Name)
	features.EnableNativeSidecars = features.NativeSidecarModeEnabled
	if c.classic {
		features.EnableNativeSidecars = features.NativeSidecarModeDisabled
	}
	commonfeatures.CompliancePolicy = c.compliancePolicy
	setEnvironment(platform.Platform.Name, platform.OpenShift, c.openShift)
	return func() {
		features.EnableNativeSidecars, commonfeatures.CompliancePolicy = native, policy
		setEnvironment(platform.Platform.Name, system, hadSystem)
	}
}

func setEnvironment(name, value string, set bool) {
	var err error
	if set {
		err = os.Setenv(name, value)
	} else {
		err = os.Unsetenv(name)
	}
	if err != nil {
		panic(err) // the name is a constant
	}
}

// unchanging is an injection configuration that never changes.
type unchanging struct {
	config *inject.Config
	values string
}

func (unchanging) SetHandler(func(*inject.Config, string) error) {}
func (unchanging) Run(<-chan struct{})                           {}
func (u unchanging) Get() (*inject.Config, string, error)        { return u.config, u.values, nil }
