package istio

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/wrapperspb"
	meshconfig "istio.io/api/mesh/v1alpha1"
)

func TestReadMesh(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want func(mesh *meshconfig.MeshConfig)
	}{
		"nothing is the defaults": {"", func(*meshconfig.MeshConfig) {}},
		"null is no value":        {"{trustDomain: null, defaultConfig: null}", func(*meshconfig.MeshConfig) {}},
		"an unknown field":        {"{future: {a: 1}}", func(*meshconfig.MeshConfig) {}},
		"a zero is a value":       {"{enableTracing: false, trustDomain: ''}", func(m *meshconfig.MeshConfig) { m.EnableTracing, m.TrustDomain = false, "" }},
		"the proxy's fields one by one": {"{defaultConfig: {statNameLength: 1, concurrency: 0}}", func(m *meshconfig.MeshConfig) {
			m.DefaultConfig.StatNameLength, m.DefaultConfig.Concurrency = 1, wrapperspb.Int32(0)
		}},
		"an object in them as a whole": {"{defaultConfig: {tracing: {}}}", func(m *meshconfig.MeshConfig) { m.DefaultConfig.Tracing = &meshconfig.Tracing{} }},
		"any other object as a whole":  {"{localityLbSetting: {}}", func(m *meshconfig.MeshConfig) { m.LocalityLbSetting.Enabled = nil }},
		"default providers one by one": {"{defaultProviders: {metrics: [a]}}", func(m *meshconfig.MeshConfig) { m.DefaultProviders.Metrics = []string{"a"} }},
		"extension providers by name": {"{extensionProviders: [{name: envoy, prometheus: {}}, {name: own, prometheus: {}}]}", func(m *meshconfig.MeshConfig) {
			prometheus := m.ExtensionProviders[0].Provider
			m.ExtensionProviders[2].Provider = prometheus
			m.ExtensionProviders = append(m.ExtensionProviders, &meshconfig.MeshConfig_ExtensionProvider{Name: "own", Provider: prometheus})
		}},
		"aliases are a sorted set": {"{trustDomainAliases: [b, a, b]}", func(m *meshconfig.MeshConfig) { m.TrustDomainAliases = []string{"a", "b"} }},
	} {
		t.Run(name, func(t *testing.T) {
			want := defaultMesh()
			test.want(want)
			got, err := readMesh([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("mesh (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadMeshErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[]":                                   `unexpected token [`,
		"trustDomain: 1":                       `invalid value for string field trustDomain: 1`,
		"defaultConfig: {interceptionMode: X}": `invalid value for enum field interceptionMode: "X"`,
		"defaultConfig: {configPath: ''}":      `line 1: defaultConfig: configPath is empty`,
	} {
		if _, err := readMesh([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestProxyHeadersMerge(t *testing.T) {
	config := defaultProxyConfig()
	for _, text := range []string{"proxyHeaders: {server: {value: a}}", "proxyHeaders: {requestId: {disabled: true}}"} {
		if err := readProxyOver([]byte(text), config); err != nil {
			t.Fatal(err)
		}
	}
	if config.GetProxyHeaders().GetServer().GetValue() != "a" || !config.GetProxyHeaders().GetRequestId().GetDisabled().GetValue() {
		t.Errorf("headers are %v, want both", config.GetProxyHeaders())
	}
}
