package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

const minimalPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"app","image":"app"}]}}`

func mustEngine(t testing.TB, options Options) *Engine {
	t.Helper()
	engine, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func mustInject(t testing.TB, engine *Engine, pod map[string]any) *Result {
	t.Helper()
	result, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// containerNames returns the names of both lists, init containers first.
func containerNames(pod map[string]any) (names []string) {
	for _, list := range containerLists {
		for _, container := range Pod(pod).In(list) {
			names = append(names, nameOf(container))
		}
	}
	return names
}

// What the environment of the proxy says depends on the pod: it is right after another webhook has added a container
// and the API server has filled in defaults, though a value that was changed meanwhile stays as it was changed.
func TestReinvocationCompletes(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
spec:
  initContainers:
  - name: proxy
    image: proxy
    restartPolicy: Always
    args: ["{{ range .Spec.Containers }}{{ .Name }};{{ end }}"]
    env:
    - name: APPS
      value: "{{ len .Spec.Containers }}"
    - name: IP
      valueFrom: {fieldRef: {fieldPath: status.podIP}}
    ports:
    - containerPort: 15021
`}})
	injected := runtime.DeepCopyJSON(mustInject(t, engine, mustDecode(t, minimalPod)).Pod)
	spec := injected["spec"].(map[string]any)
	proxy := spec["initContainers"].([]any)[0].(map[string]any)

	// The API server's defaulting, and a webhook that puts itself first, adds a variable and rewrites images.
	proxy["terminationMessagePath"] = "/dev/termination-log"
	proxy["env"].([]any)[1].(map[string]any)["valueFrom"].(map[string]any)["fieldRef"].(map[string]any)["apiVersion"] = "v1"
	proxy["ports"].([]any)[0].(map[string]any)["protocol"] = "TCP"
	proxy["image"] = "mirror/proxy"
	proxy["env"] = append(proxy["env"].([]any), map[string]any{"name": "OTHER", "value": "x"})
	spec["containers"] = append([]any{map[string]any{"name": "agent", "image": "agent"}}, spec["containers"].([]any)...)
	spec["initContainers"] = append([]any{map[string]any{"name": "agent-init", "image": "agent"}}, spec["initContainers"].([]any)...)

	result := mustInject(t, engine, injected)
	if diff := cmp.Diff([]string{"proxy", "agent-init", "agent", "app"}, containerNames(result.Pod)); diff != "" {
		t.Errorf("containers (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"name": "proxy", "image": "mirror/proxy", "restartPolicy": "Always", "args": []any{"agent;app;"},
		"env": []any{
			map[string]any{"name": "APPS", "value": "2"},
			map[string]any{"name": "IP", "valueFrom": map[string]any{"fieldRef": map[string]any{"apiVersion": "v1", "fieldPath": "status.podIP"}}},
			map[string]any{"name": "OTHER", "value": "x"},
		},
		"ports":                  []any{map[string]any{"containerPort": int64(15021), "protocol": "TCP"}},
		"terminationMessagePath": "/dev/termination-log",
	}
	if got := Pod(result.Pod).In("initContainers")[0]; !listmap.Equal(containerType, want, got) {
		t.Errorf("proxy (-want +got):\n%s", cmp.Diff(want, got))
	}
	if again := mustInject(t, engine, result.Pod); len(again.Patch) > 0 {
		t.Errorf("a third injection changes the pod: %v", again.Patch)
	}
}

// A status annotation is written by whoever creates the pod: it must not take anything away that is not ours.
func TestForgedStatus(t *testing.T) {
	engine := mustEngine(t, Options{})
	key := engine.Profile().Keys.Status
	app := mustDecode(t, minimalPod)["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
	forged := map[string]string{
		"the application listed as injected":    status{Templates: []string{"envoy"}, Containers: map[string]ownedFields{"app": ownedInContainer(app, nil)}}.String(),
		"a status of another form":              `{"containers":"x"}`,
		"a status that is no JSON":              `{`,
		"hashes of a broken length":             `{"containers":{"sidecar-proxy":"AAA="}}`,
		"the status of Istio's injector":        `{"initContainers":["app"],"containers":["app"],"volumes":["x"]}`,
		"nothing":                               "",
		"a sidecar that is not there is listed": status{Containers: map[string]ownedFields{"sidecar-proxy": make(ownedFields, 4)}}.String(),
	}
	honest := mustInject(t, engine, mustDecode(t, minimalPod)).Pod
	for name, annotation := range forged {
		t.Run(name, func(t *testing.T) {
			pod := mustDecode(t, minimalPod)
			Pod(pod).Annotations()[key] = annotation
			if diff := cmp.Diff(honest, mustInject(t, engine, pod).Pod); diff != "" {
				t.Errorf("a forged status changes the injected pod (-honest +forged):\n%s", diff)
			}
		})
	}
}

// Whatever a pod's author writes into an annotation stays one scalar of the result.
func TestHostileAnnotations(t *testing.T) {
	engine := mustEngine(t, Options{})
	hostile := []string{
		"x\n  - name: evil\n    image: evil", "x\"\n    privileged: true\n    y: \"", "'", `"`, "\\", "{{ fail }}", "# no", "a: b",
		"[a, b]", "{a: b}", "&a", "*a", "!!binary x", "---\na: b", "x\u0085y", "x\u2028y", "\t", "null", "~", "$patch", `{"$patch":"replace"}`,
		"- x", "|\n x", "", " ", "\x00", "*", "99999999999999999999",
	}
	keys := append([]string{"kubectl.kubernetes.io/default-container"}, engine.Profile().NamespaceAnnotations...)
	for _, key := range keys {
		for _, value := range hostile {
			pod := mustDecode(t, minimalPod)
			Pod(pod).Annotations()[key] = value
			result, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
			if err != nil {
				if !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
					t.Errorf("%s=%q: the error does not name the annotation: %v", key, value, err)
				}
				continue
			}
			if diff := cmp.Diff([]string{"sidecar-init", "sidecar-proxy", "app"}, containerNames(result.Pod)); diff != "" {
				t.Errorf("%s=%q: containers (-want +got):\n%s", key, value, diff)
			}
			for _, container := range Pod(result.Pod).In(InitContainers) {
				if container["securityContext"].(map[string]any)["privileged"] != false {
					t.Errorf("%s=%q: container %s is privileged", key, value, nameOf(container))
				}
			}
		}
	}
}

// Injections share their input, parsed overlays and values, and change none of them. Run under -race.
func TestConcurrentInjectionsWriteToNothingShared(t *testing.T) {
	engine := mustEngine(t, Options{})
	input := mustDecode(t, minimalPod)
	before := runtime.DeepCopyJSON(input)
	want := mustInject(t, engine, input)
	values, _ := json.Marshal(engine.values)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				result, err := engine.Inject(Input{Pod: input, Namespace: metav1.ObjectMeta{Name: "shop"}})
				if err != nil || !listmap.Equal(podtype.Pod(), want.Pod, result.Pod) {
					t.Errorf("got another pod, or an error: %v", err)
					return
				}
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(before, input); diff != "" {
		t.Errorf("the input was changed (-before +after):\n%s", diff)
	}
	if after, _ := json.Marshal(engine.values); string(after) != string(values) {
		t.Error("the values were changed")
	}
}

func TestNumbers(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
spec: {containers: [{name: app, ports: [{containerPort: 80, name: http}]}]}`}})
	pod := mustDecode(t, `{"metadata":{"name":"p"},"spec":{"containers":[{"name":"app","ports":[{"containerPort":80.0}]}]}}`)
	result := mustInject(t, engine, pod)
	if ports := Pod(result.Pod).In("containers")[0]["ports"].([]any); len(ports) != 1 {
		t.Errorf("80 and 80.0 are one port, got %v", ports)
	}
}

func TestValues(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"an unknown value is refused":         {"proxy: {imge: x}", `value "proxy.imge" is not known (did you mean "image"?): allowed here are concurrency, drainSeconds, gid, holdApplication, image, imagePullPolicy, ipv6, logLevel, readinessProbe, resources, startupProbe, uid`},
		"a value of another type is refused":  {"nativeSidecars: 'yes'", `value "nativeSidecars" is a string, want a boolean`},
		"an object in place of a scalar":      {"proxy: {image: {a: b}}", `value "proxy.image" is an object, want a string`},
		"any resource may be set":             {"proxy: {resources: {limits: {example.com/gpu: 1}}}", ""},
		"null takes nothing away":             {"nativeSidecars: null", `value "nativeSidecars" is null, want a boolean`},
		"an integer is not any number":        {"proxy: {uid: 1.5}", `value "proxy.uid" is a number, want an integer`},
		"where any key goes, null may stand":  {"proxy: {resources: null}", ""},
		"no values at all are the defaults":   {"", ""},
		"a list replaces the list of default": {"imagePullSecrets: [{name: a}]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			values, err := strictyaml.Object([]byte(test.values))
			if err != nil {
				t.Fatal(err)
			}
			_, err = New(Options{Values: values})
			if err == nil {
				valuesSchemaTakes(t, DefaultProfile, values)
			}
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("error\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func BenchmarkInject(b *testing.B) {
	engine := mustEngine(b, Options{})
	pod, err := strictyaml.DecodeObject([]byte(minimalPod))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		mustInject(b, engine, pod)
	}
}
