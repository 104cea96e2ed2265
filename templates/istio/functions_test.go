package istio

import (
	"strings"
	"testing"
	"text/template"

	meshconfig "istio.io/api/mesh/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// TestFunctions calls each function from a template, as it is called there.
func TestFunctions(t *testing.T) {
	otel := &meshconfig.MeshConfig{ExtensionProviders: []*meshconfig.MeshConfig_ExtensionProvider{{
		Provider: &meshconfig.MeshConfig_ExtensionProvider_Opentelemetry{
			Opentelemetry: &meshconfig.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider{
				ServiceAttributeEnrichment: meshconfig.MeshConfig_ExtensionProvider_OTEL_SEMANTIC_CONVENTIONS,
			},
		},
	}}}
	data := map[string]any{
		"Map":   map[string]string{"b": "2", "a": "<1>"},
		"None":  map[string]string(nil),
		"Proxy": defaultProxyConfig(),
		"Mesh":  defaultMesh(),
		"Otel":  otel,
		"Nulls": map[string]any{"a": nil, "b": map[string]any{"c": nil}, "d": []any{nil, 1}, "e": map[string]any{}},
		"Containers": []corev1.Container{
			{Name: "app", Image: "host:5000/app:1.2@sha256:ab", Ports: []corev1.ContainerPort{{ContainerPort: 80}, {ContainerPort: 53, Protocol: "UDP"}, {ContainerPort: 53, Protocol: "TCP"}}},
			{Name: "istio-proxy", Ports: []corev1.ContainerPort{{ContainerPort: 15090}}},
		},
	}
	for call, want := range map[string]string{
		`contains "/" "a/b"`:                                        "true",
		`directory "/a/b/c"`:                                        "/a/b/",
		`env "PATH" "none"`:                                         "none",
		`formatDuration .Proxy.DrainDuration`:                       "45s",
		`indent 2 "a\nb\n"`:                                         "a\n  b\n  ",
		`kubevirtInterfaces "a"`:                                    "a",
		`toLower "AbC"`:                                             "abc",
		`valueOrDefault "" "x"`:                                     "x",
		`valueOrDefault .Map.a "x"`:                                 "<1>",
		`toJSON .Map`:                                               `{"a":"\u003c1\u003e","b":"2"}`,
		`toJSON .None`:                                              "{}",
		`toJsonMap .Map (strdict "b" "3" "c")`:                      `{"a":"\u003c1\u003e","b":"3","c":""}`,
		`toJsonMap`:                                                 "null",
		`omit .Map "a" "z"`:                                         "map[b:2]",
		`omitNil .Nulls | structToJSON`:                             `{"d":[1],"e":{}}`,
		`structToJSON nil`:                                          "{}",
		`(fromJSON "{\"a\":1}").a`:                                  "1",
		`toYaml .Map`:                                               "a: <1>\nb: \"2\"\n",
		`protoToJSON .Proxy`:                                        "{}",
		`protoToJSON .Mesh.OutboundTrafficPolicy`:                   `{"mode":"ALLOW_ANY"}`,
		`protoToJSON .Proxy.Tracing`:                                "{}",
		`includeInboundPorts .Containers`:                           "80,53,15090",
		`applicationPorts .Containers`:                              "80,53",
		`excludeInboundPort 15020 ""`:                               "15020",
		`excludeInboundPort "15020" "1, 2"`:                         "1,2,15020",
		`excludeInboundPort 2 "1,2"`:                                "1,2",
		`excludeInboundPort 0 "1"`:                                  "1",
		`appendMultusNetwork "" "default/cni"`:                      "default/cni",
		`appendMultusNetwork "a, default/cni" "default/cni"`:        "a, default/cni",
		`appendMultusNetwork "a" "default/cni"`:                     "a, default/cni",
		`appendMultusNetwork "[]" "cni"`:                            `[{"name": "cni"}]`,
		`appendMultusNetwork "[{\"name\":\"a\"}]" "default/cni"`:    `[{"name":"a"}, {"name": "cni", "namespace": "default"}]`,
		`appendMultusNetwork "[{\"name\":\"cni\"}]" "cni"`:          `[{"name":"cni"}]`,
		`appendMultusNetwork "[broken]" "cni"`:                      "[broken]",
		`otelResourceAttributes .Mesh .Map .Map "shop" .Containers`: "",
		`otelResourceAttributes .Otel .Map .Map "shop" .Containers`: "service.namespace=shop,service.instance.id=shop.$(POD_NAME).app",
		`otelResourceAttributes .Otel .Map (strdict "app.kubernetes.io/version" "7") "shop" (slice .Containers 0 1)`: "service.namespace=shop,service.version=7,service.instance.id=shop.$(POD_NAME).app",
		`otelResourceAttributes .Otel .Map .Map "shop" (slice .Containers 0 1)`:                                      "service.namespace=shop,service.version=1.2@sha256:ab,service.instance.id=shop.$(POD_NAME).app",
		`otelResourceAttributes .Otel (strdict "resource.opentelemetry.io/service.namespace" "n") .Map "" nil`:       "service.namespace=n",
	} {
		t.Run(call, func(t *testing.T) {
			parsed, err := template.New("t").Funcs(functions(&proxyConfigs{})).Parse("{{ " + call + " }}")
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := parsed.Execute(&out, data); err != nil || out.String() != want {
				t.Errorf("got %q (%v), want %q", out.String(), err, want)
			}
		})
	}
}

// TestFunctionsWriteNothingShared renders messages that all pods share.
func TestFunctionsWriteNothingShared(t *testing.T) {
	shared := defaultProxyConfig()
	if _, err := (&proxyConfigs{}).protoToJSON(shared); err != nil || shared.GetStatusPort() != 15020 {
		t.Errorf("the message is %v (%v)", shared, err)
	}
}
