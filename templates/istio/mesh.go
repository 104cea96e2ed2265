package istio

import (
	"encoding/json"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/api/networking/v1alpha3"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// defaultProxyConfig returns the settings of a proxy of which nothing is said.
func defaultProxyConfig() *meshconfig.ProxyConfig {
	return &meshconfig.ProxyConfig{
		BinaryPath:               "/usr/local/bin/envoy",
		ClusterName:              &meshconfig.ProxyConfig_ServiceCluster{ServiceCluster: proxyContainer},
		ConfigPath:               "./etc/istio/proxy",
		ControlPlaneAuthPolicy:   meshconfig.AuthenticationPolicy_MUTUAL_TLS,
		DiscoveryAddress:         "istiod.istio-system.svc:15012",
		DrainDuration:            durationpb.New(45 * time.Second),
		ProxyAdminPort:           15000,
		StatNameLength:           189,
		StatusPort:               15020,
		TerminationDrainDuration: durationpb.New(5 * time.Second),
	}
}

// defaultMesh returns the configuration of a mesh of which nothing is said.
func defaultMesh() *meshconfig.MeshConfig {
	everywhere := func() []string { return []string{"*"} }
	return &meshconfig.MeshConfig{
		ConnectTimeout:                 durationpb.New(10 * time.Second),
		DefaultConfig:                  defaultProxyConfig(),
		DefaultDestinationRuleExportTo: everywhere(),
		DefaultProviders:               &meshconfig.MeshConfig_DefaultProviders{},
		DefaultServiceExportTo:         everywhere(),
		DefaultVirtualServiceExportTo:  everywhere(),
		DnsRefreshRate:                 durationpb.New(time.Minute),
		EnableAutoMtls:                 wrapperspb.Bool(true),
		EnablePrometheusMerge:          wrapperspb.Bool(true),
		EnableTracing:                  true,
		ExtensionProviders:             defaultProviders(),
		InboundTrafficPolicy: &meshconfig.MeshConfig_InboundTrafficPolicy{
			Mode: meshconfig.MeshConfig_InboundTrafficPolicy_PASSTHROUGH,
		},
		IngressClass:          "istio",
		IngressControllerMode: meshconfig.MeshConfig_STRICT,
		IngressService:        "istio-ingressgateway",
		LocalityLbSetting:     &v1alpha3.LocalityLoadBalancerSetting{Enabled: wrapperspb.Bool(true)},
		OutboundTrafficPolicy: &meshconfig.MeshConfig_OutboundTrafficPolicy{
			Mode: meshconfig.MeshConfig_OutboundTrafficPolicy_ALLOW_ANY,
		},
		ProtocolDetectionTimeout: durationpb.New(0),
		ProxyInboundListenPort:   15006,
		ProxyListenPort:          15001,
		RootNamespace:            "istio-system",
		TrustDomain:              "cluster.local",
	}
}

func defaultProviders() []*meshconfig.MeshConfig_ExtensionProvider {
	type provider = meshconfig.MeshConfig_ExtensionProvider
	return []*provider{
		{Name: "prometheus", Provider: &meshconfig.MeshConfig_ExtensionProvider_Prometheus{
			Prometheus: &meshconfig.MeshConfig_ExtensionProvider_PrometheusMetricsProvider{},
		}},
		{Name: "stackdriver", Provider: &meshconfig.MeshConfig_ExtensionProvider_Stackdriver{
			Stackdriver: &meshconfig.MeshConfig_ExtensionProvider_StackdriverProvider{},
		}},
		{Name: "envoy", Provider: &meshconfig.MeshConfig_ExtensionProvider_EnvoyFileAccessLog{
			EnvoyFileAccessLog: &meshconfig.MeshConfig_ExtensionProvider_EnvoyFileAccessLogProvider{Path: "/dev/stdout"},
		}},
	}
}

// readMesh reads the mesh configuration over the defaults. A field replaces its default as a whole, but for these:
//
//	defaultConfig, defaultProviders  merge field by field
//	extensionProviders               merge by name
//	trustDomainAliases               add up
func readMesh(text []byte) (*meshconfig.MeshConfig, error) {
	defaults, mesh := defaultMesh(), defaultMesh()
	if err := readOver(text, mesh); err != nil {
		return nil, err
	}
	var parts struct {
		DefaultConfig    json.RawMessage `json:"defaultConfig"`
		DefaultProviders json.RawMessage `json:"defaultProviders"`
	}
	if err := yaml.Unmarshal(text, &parts); err != nil {
		return nil, err
	}
	mesh.DefaultConfig = defaults.DefaultConfig
	if len(parts.DefaultConfig) > 0 {
		if err := readProxyOver(parts.DefaultConfig, mesh.DefaultConfig); err != nil {
			return nil, inField(text, "defaultConfig", err)
		}
	}
	if err := checkProxyConfig(mesh.DefaultConfig); err != nil {
		return nil, inField(text, "defaultConfig", err)
	}
	mesh.DefaultProviders = defaults.DefaultProviders
	if len(parts.DefaultProviders) > 0 {
		if err := readOver(parts.DefaultProviders, mesh.DefaultProviders); err != nil {
			return nil, inField(text, "defaultProviders", err)
		}
	}
	for _, provider := range mesh.GetExtensionProviders() {
		same := func(p *meshconfig.MeshConfig_ExtensionProvider) bool { return p.GetName() == provider.GetName() }
		if i := slices.IndexFunc(defaults.GetExtensionProviders(), same); i >= 0 {
			defaults.ExtensionProviders[i] = provider
		} else {
			defaults.ExtensionProviders = append(defaults.ExtensionProviders, provider)
		}
	}
	mesh.ExtensionProviders = defaults.ExtensionProviders
	slices.Sort(mesh.TrustDomainAliases)
	mesh.TrustDomainAliases = slices.Compact(mesh.TrustDomainAliases)
	return mesh, nil
}

// inField says that an error is one of a field of the text.
func inField(text []byte, path string, err error) error {
	return &strictyaml.Error{Path: path, Line: strictyaml.Line(text, path), Problem: path + ": " + err.Error()}
}
