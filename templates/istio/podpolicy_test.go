package istio

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// policyConfig has a template that does with annotations what Istio's own does.
const policyConfig = `
policy: enabled
defaultTemplates: [sidecar]
templates:
  sidecar: |
    spec:
      initContainers:
      - name: istio-init
        image: {{ annotation .ObjectMeta "sidecar.istio.io/proxyImage" .ProxyInitImage }}
        securityContext: {capabilities: {add: [NET_ADMIN]}}
        env:
        {{- if $.Values.global.loader }}
        - {name: LD_PRELOAD, value: {{ $.Values.global.loader }}}
        {{- end }}
        {{- range $key, $value := .ProxyConfig.ProxyMetadata }}
        - {name: {{ $key }}, value: "{{ $value }}"}
        {{- end }}
      containers:
      - name: istio-proxy
        image: {{ annotation .ObjectMeta "sidecar.istio.io/proxyImage" .ProxyImage }}
        securityContext:
          runAsUser: 1337
          {{- if eq (annotation .ObjectMeta "sidecar.istio.io/interceptionMode" .ProxyConfig.InterceptionMode) "TPROXY" }}
          capabilities: {add: [NET_ADMIN]}
          {{- end }}
        {{- if isset .ObjectMeta.Annotations "sidecar.istio.io/userVolumeMount" }}
        volumeMounts:
        {{- range $name, $mount := fromJSON (index .ObjectMeta.Annotations "sidecar.istio.io/userVolumeMount") }}
        - name: {{ $name }}
          {{ toYaml $mount | indent 10 }}
        {{- end }}
        {{- end }}
`

// TestPodPolicy shows that Istio's pods may choose what Istio lets them, until a policy says otherwise.
func TestPodPolicy(t *testing.T) {
	installation, err := Load(Sources{Config: []byte(policyConfig), Values: []byte("global: {hub: docker.io/istio, tag: 1.30.0}"), Mesh: nil})
	if err != nil {
		t.Fatal(err)
	}
	const image, tproxy, settings = `sidecar.istio.io/proxyImage: evil.example/proxy`, `sidecar.istio.io/interceptionMode: TPROXY`, `proxy.istio.io/config: "interceptionMode: TPROXY"`
	const mount = `sidecar.istio.io/userVolumeMount: '{"v": {"mountPath": "/lib"}}'`
	protected := templates.PodPolicy{PrivilegedContainers: templates.PrivilegedProtected}
	modes := templates.PodPolicy{AllowedInterceptionModes: []string{"REDIRECT"}}
	closed := templates.PodPolicy{AllowedAnnotations: []string{"sidecar.istio.io/proxyCPU"}}
	for name, test := range map[string]struct {
		policy            templates.PodPolicy
		annotations, want string
	}{
		"all is open":                {templates.PodPolicy{}, image + ", " + tproxy + ", " + mount, "<nil>"},
		"an image of one's own":      {protected, image, `annotation "sidecar.istio.io/proxyImage": "evil.example/proxy" is not allowed in the container "istio-init", which is given the capability NET_ADMIN: podPolicy.allowedImages allows docker.io/istio/proxyv2`},
		"another type of image":      {protected, `sidecar.istio.io/proxyImageType: distroless`, "<nil>"},
		"a mount":                    {protected, mount, "<nil>"},
		"a mount with NET_ADMIN":     {protected, tproxy + ", " + mount, `annotation "sidecar.istio.io/userVolumeMount": is not allowed with the container "istio-proxy", to which injection gives privileges (podPolicy.privilegedContainers)`},
		"a variable that loads code": {protected, `proxy.istio.io/config: '{"proxyMetadata": {"LD_PRELOAD": "/data/x.so"}}'`, `annotation "proxy.istio.io/config": is not allowed with the variable "LD_PRELOAD" in the container "istio-init", to which injection gives privileges (podPolicy.privilegedContainers)`},
		"another variable":           {protected, `proxy.istio.io/config: '{"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}}'`, "<nil>"},
		"TPROXY":                     {modes, tproxy, `annotation "sidecar.istio.io/interceptionMode": the interception mode "TPROXY" is not allowed here: podPolicy.allowedInterceptionModes allows REDIRECT`},
		"TPROXY in the settings":     {modes, settings, `annotation "proxy.istio.io/config": the interception mode "TPROXY" is not allowed here: podPolicy.allowedInterceptionModes allows REDIRECT`},
		"other settings":             {modes, `proxy.istio.io/config: "concurrency: 2"`, "<nil>"},
		"a closed annotation":        {closed, mount, `annotation "sidecar.istio.io/userVolumeMount": is not allowed here: podPolicy.allowedAnnotations allows sidecar.istio.io/proxyCPU`},
		"closed settings":            {closed, settings, `annotation "proxy.istio.io/config": is not allowed here: podPolicy.allowedAnnotations allows sidecar.istio.io/proxyCPU`},
		"an open annotation":         {closed, `sidecar.istio.io/proxyCPU: 100m`, "<nil>"},
		"annotations of no meaning":  {closed, `example.com/a: b, sidecar.istio.io/inject: "true", sidecar.istio.io/status: x, proxy.istio.io/overrides: x`, "<nil>"},
		"a value like YAML":          {protected, `proxy.istio.io/config: '{"proxyMetadata": {"A": "x\"}\n        command: [/evil]\n#"}}'`, "<nil>"},
		"a name like YAML":           {protected, `proxy.istio.io/config: '{"proxyMetadata": {"A, value: x}, {name: LD_PRELOAD": "/x"}}'`, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := templates.New(templates.Options{Profile: installation.Profile, PodPolicy: test.policy})
			if err != nil {
				t.Fatal(err)
			}
			var pod map[string]any
			if err := yaml.Unmarshal([]byte(`{metadata: {annotations: {`+test.annotations+`}}, spec: {volumes: [{name: v, emptyDir: {}}], containers: [{name: app, image: app}]}}`), &pod); err != nil {
				t.Fatal(err)
			}
			result, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
			if got := fmt.Sprint(err); got != test.want {
				t.Fatalf("error\n got %s\nwant %s", got, test.want)
			}
			if err == nil {
				for _, container := range templates.Pod(result.Pod).All() {
					if text := fmt.Sprint(container["env"]); container["name"] == "istio-init" && (container["command"] != nil || strings.Contains(text, "map[name:LD_PRELOAD")) {
						t.Errorf("istio-init runs %v with %s", container["command"], text)
					}
				}
				if _, err := engine.Inject(templates.Input{Pod: result.Pod, Namespace: metav1.ObjectMeta{Name: "shop"}}); err != nil {
					t.Errorf("injected again: %v", err)
				}
			}
		})
	}
}

// TestVariablesOfTheMesh shows that a variable which Istio's own configuration sets is no choice of a pod's, also beside settings
// of the pod.
func TestVariablesOfTheMesh(t *testing.T) {
	installation, err := Load(Sources{Config: []byte(policyConfig), Values: []byte("global: {hub: docker.io/istio, tag: 1.30.0, loader: /lib/own.so}")})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := templates.New(templates.Options{Profile: installation.Profile, PodPolicy: templates.PodPolicy{PrivilegedContainers: templates.PrivilegedProtected}})
	if err != nil {
		t.Fatal(err)
	}
	for settings, want := range map[string]string{
		`{"concurrency": 2}`:                              "<nil>",
		`{"proxyMetadata": {"LD_LIBRARY_PATH": "/data"}}`: `annotation "proxy.istio.io/config": is not allowed with the variable "LD_LIBRARY_PATH" in the container "istio-init", to which injection gives privileges (podPolicy.privilegedContainers)`,
	} {
		pod := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"proxy.istio.io/config": settings}},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app"}}}}
		if _, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}}); fmt.Sprint(err) != want {
			t.Errorf("%s: error\n got %v\nwant %s", settings, err, want)
		}
	}
}
