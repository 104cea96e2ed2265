package istio

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The settings of a pod without an annotation are encoded in advance, each of its own.
func TestProxyConfigsAreEncodedInAdvance(t *testing.T) {
	resource := func(namespace, name string, spec map[string]any) ProxyConfig {
		decoded, err := DecodeProxyConfig(map[string]any{"metadata": map[string]any{"namespace": namespace, "name": name}, "spec": spec})
		if err != nil {
			t.Fatal(err)
		}
		return decoded
	}
	proxies, err := newProxyConfigs(defaultMesh(), []ProxyConfig{
		resource("istio-system", "root", map[string]any{"environmentVariables": map[string]any{"A": "root"}}),
		resource("shop", "all", map[string]any{"environmentVariables": map[string]any{"A": "shop"}}),
		resource("shop", "web", map[string]any{"concurrency": int64(2), "selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		pod  metav1.ObjectMeta
		want string
	}{
		"a namespace of which nothing is said": {metav1.ObjectMeta{Namespace: "other"}, `{"proxyMetadata":{"A":"root"}}`},
		"the root namespace":                   {metav1.ObjectMeta{Namespace: "istio-system"}, `{"proxyMetadata":{"A":"root"}}`},
		"a namespace with settings":            {metav1.ObjectMeta{Namespace: "shop"}, `{"proxyMetadata":{"A":"shop"}}`},
		"a workload with settings":             {metav1.ObjectMeta{Namespace: "shop", Labels: map[string]string{"app": "web"}}, `{"concurrency":2,"proxyMetadata":{"A":"shop"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := proxies.of(&test.pod, nil)
			if got := proxies.texts[config]; got != test.want {
				t.Errorf("encoded in advance: got %q, want %q", got, test.want)
			}
			if got, err := proxies.protoToJSON(config); err != nil || got != test.want {
				t.Errorf("in a template: got %q (%v), want %q", got, err, test.want)
			}
		})
	}
	said, _, err := checkAnnotations(map[string]string{annotationProxyConfig: "{concurrency: 3, proxyMetadata: {B: annotation}}"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"concurrency":3,"proxyMetadata":{"A":"shop","B":"annotation"}}`
	if got, err := proxies.protoToJSON(proxies.of(&metav1.ObjectMeta{Namespace: "shop"}, said)); err != nil || got != want {
		t.Errorf("with an annotation: got %q (%v), want %q", got, err, want)
	}
}
