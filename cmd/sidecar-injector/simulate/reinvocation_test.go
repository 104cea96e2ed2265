package simulate

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// stored is what the API server makes of a pod that a webhook has answered, before it asks again: quantities in canonical
// form, without zero values, with what it fills in and with the mounts of its plug-ins.
func stored(t *testing.T, pod map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	var typed corev1.Pod
	if err := json.Unmarshal(text, &typed); err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(typed); err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return WithDefaults(object)
}

// TestReinvocation: what the API server makes of an injected pod is injected again without any change, the status
// annotation included, and Remove makes the author's pod of it.
func TestReinvocation(t *testing.T) {
	const app = `
spec:
  containers:
  - name: app
    image: app:1
`
	annotated := func(annotations string) string {
		return "metadata: {name: a, annotations: {" + annotations + "}}" + app
	}
	for sentence, text := range map[string]string{
		"a plain pod": "metadata: {name: a}" + app,
		"quantities in another form": annotated(
			`sidecar.istio.io/proxyCPULimit: 2000m, sidecar.istio.io/proxyCPU: "0.1", sidecar.istio.io/proxyMemory: 0.5Gi, sidecar.istio.io/proxyMemoryLimit: 1024Mi`),
		"an ordinary sidecar": annotated(`sidecar.istio.io/nativeSidecar: "false"`),
		"another init container": `
metadata: {name: a}
spec:
  initContainers: [{name: i, image: "b:1"}]
  containers: [{name: app, image: "app:1"}]
`,
		"an override behind another init container": `
metadata: {name: a}
spec:
  initContainers: [{name: i, image: "b:1"}, {name: sidecar-proxy, image: auto}]
  containers: [{name: app, image: "app:1"}]
`,
		"overrides among the containers": `
metadata: {name: a}
spec:
  containers:
  - {name: sidecar-init, image: auto, env: [{name: A, value: x}]}
  - {name: one, image: "app:1"}
  - {name: sidecar-proxy, image: auto, resources: {limits: {cpu: 2000m, memory: 1024Mi}}, startupProbe: {periodSeconds: 2}}
  - {name: two, image: "app:1"}
`,
		"an override with mounts of its own": `
metadata: {name: a}
spec:
  volumes: [{name: v}]
  containers:
  - {name: app, image: "app:1"}
  - {name: sidecar-proxy, volumeMounts: [{name: v, mountPath: /v}], tty: false, args: []}
`,
	} {
		t.Run(sentence, func(t *testing.T) {
			engine, err := templates.New(templates.Options{})
			if err != nil {
				t.Fatal(err)
			}
			author := stored(t, decodeYAML(t, "apiVersion: v1\nkind: Pod\n"+text))
			pod := author
			var annotation string
			for call := range 3 {
				result, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
				if err != nil {
					t.Fatal(err)
				}
				status, _ := templates.Pod(result.Pod).Annotation(engine.Profile().Keys.Status)
				if call > 0 && (status != annotation || result.Patch != nil) {
					t.Errorf("call %d changes the pod: %s\nstatus (-before +after):\n%s", call+1, result.Patch.AppendJSON(nil), cmp.Diff(annotation, status))
				}
				annotation = status
				if call == 0 {
					pod = stored(t, result.Pod)
				}
				removed, _, ok, err := templates.Remove(pod, engine.Profile().Keys.Status)
				if err != nil || !ok {
					t.Fatalf("Remove: %v, %v", ok, err)
				}
				if diff := cmp.Diff(author, removed); diff != "" {
					t.Errorf("what Remove makes of call %d (-author +removed):\n%s", call+1, diff)
				}
			}
		})
	}
}

// TestInjectedByHand: what was injected by hand and stored since follows the annotations of its pod template.
func TestInjectedByHand(t *testing.T) {
	engine, err := templates.New(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pod := decodeYAML(t, `
apiVersion: v1
kind: Pod
metadata: {name: hand, annotations: {sidecar.istio.io/proxyCPULimit: 2000m}}
spec: {containers: [{name: app, image: "nginx:1"}]}
`)
	for _, limit := range []string{"2000m", "3", "0.5"} {
		templates.Pod(pod).Annotations()["sidecar.istio.io/proxyCPULimit"] = limit
		result, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
		if err != nil {
			t.Fatal(err)
		}
		pod = stored(t, result.Pod)
		proxy, _ := templates.Pod(result.Pod).Find("sidecar-proxy")
		if got := proxy["resources"].(map[string]any)["limits"].(map[string]any)["cpu"]; got != limit {
			t.Errorf("the annotation asks for %s, the proxy has %v", limit, got)
		}
	}
}
