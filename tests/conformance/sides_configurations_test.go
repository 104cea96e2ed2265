package conformance

import (
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"
	networking "istio.io/api/networking/v1beta1"
	typev1beta1 "istio.io/api/type/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// sideConfiguration is a configuration under which pods are compared.
type sideConfiguration struct {
	name         string
	flags        []string
	operatorFile string
	change       func(c *configuration) error
}

func sideConfigurations() []sideConfiguration {
	classic := func(c *configuration) error { c.classic = true; return nil }
	cni := []string{"components.cni.enabled=true", "values.cni.provider=default"}
	multus := []string{"components.cni.enabled=true", "values.cni.provider=multus", "values.global.network=network1"}
	return []sideConfiguration{
		{name: "native"},
		{name: "classic", change: classic},
		{name: "cni, native", flags: cni},
		{name: "multus, classic", flags: multus, change: classic},
		{name: "holding the application, classic", flags: []string{"values.global.proxy.holdApplicationUntilProxyStarts=true"}, change: classic},
		{name: "tproxy", change: func(c *configuration) error {
			return c.editMesh(setting("TPROXY", "defaultConfig", "interceptionMode"))
		}},
		{name: "mesh settings", flags: []string{"values.global.logAsJson=true", "values.global.proxy.privileged=true", "values.global.imagePullPolicy=Always"},
			change: func(c *configuration) error {
				return c.editMesh(func(mesh map[string]any) {
					addOpenTelemetry(mesh)
					setting(map[string]any{"SETTING": "of the mesh", "ISTIO_META_X": "1"}, "defaultConfig", "proxyMetadata")(mesh)
					setting("LOCALHOST", "inboundTrafficPolicy", "mode")(mesh)
				})
			}},
		{name: "pull secrets, certificates", flags: []string{"values.global.mountMtlsCerts=true"}, operatorFile: "hello-image-secrets-in-values.iop.yaml"},
		{name: "no Prometheus merge, no probe rewriting", flags: []string{"values.sidecarInjectorWebhook.rewriteAppHTTPProbe=false"}, change: func(c *configuration) error {
			return c.editMesh(setting(false, "enablePrometheusMerge"))
		}},
		{name: "cluster and network by path", change: func(c *configuration) error {
			c.environment = "/cluster/cluster-2/net/a--slash--b"
			return nil
		}},
		{name: "ProxyConfig resources", change: func(c *configuration) error { c.proxyConfigs = proxyConfigs(); return nil }},
		{name: "openshift, cni", flags: cni, change: func(c *configuration) error { c.openShift = true; return nil }},
	}
}

func (s sideConfiguration) configuration() (configuration, error) {
	c, err := renderChart(s.flags, s.operatorFile)
	if err == nil && s.change != nil {
		err = s.change(&c)
	}
	return c, err
}

// proxyConfigs are resources for the whole mesh, for a namespace and for some of its pods; of two for the same, the
// older is meant.
func proxyConfigs() []istio.ProxyConfig {
	resource := func(namespace, name string, age time.Duration, app string, spec *networking.ProxyConfig) istio.ProxyConfig {
		created := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-age))
		if app != "" {
			spec.Selector = &typev1beta1.WorkloadSelector{MatchLabels: map[string]string{"app": app}}
		}
		return istio.ProxyConfig{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: created}, Spec: spec}
	}
	variables := func(name string) map[string]string { return map[string]string{"FROM": name, "FROM_" + name: "yes"} }
	image := func(kind string) *networking.ProxyImage { return &networking.ProxyImage{ImageType: kind} }
	return []istio.ProxyConfig{
		resource("shop", "younger", time.Hour, "", &networking.ProxyConfig{EnvironmentVariables: variables("YOUNGER")}),
		resource("shop", "older", 2*time.Hour, "", &networking.ProxyConfig{EnvironmentVariables: variables("OLDER"), Image: image("debug")}),
		resource("shop", "of-an-app", 3*time.Hour, "shop", &networking.ProxyConfig{Concurrency: wrapperspb.Int32(3), EnvironmentVariables: variables("APP")}),
		resource("istio-system", "mesh", time.Hour, "", &networking.ProxyConfig{Concurrency: wrapperspb.Int32(1), EnvironmentVariables: variables("MESH")}),
		resource("istio-system", "for-nobody", time.Hour, "shop", &networking.ProxyConfig{EnvironmentVariables: variables("NOBODY")}),
	}
}
