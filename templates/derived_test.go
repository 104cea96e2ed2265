package templates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// What the API server derives from injected fields stays when the stored pod is injected again, belongs to no injection,
// and goes with it.
func TestDerived(t *testing.T) {
	templateOf := func(image string) string {
		return `
spec:
  volumes: [{name: socket}]
  initContainers:
  - {name: init, image: ` + image + `, resources: {limits: {cpu: 2000m}}}
  containers:
  - name: proxy
    image: ` + image + `
    resources: {limits: {memory: 1024Mi, cpu: 1}, requests: {cpu: 100m}}
`
	}
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": templateOf("proxy")}})
	for name, pod := range map[string]string{
		"nothing of its own":           `{containers: [{name: app, image: a}]}`,
		"an own field":                 `{containers: [{name: app, image: a}, {name: proxy, image: p:1, imagePullPolicy: IfNotPresent, tty: true, resources: {}}]}`,
		"the injected image":           `{containers: [{name: app, image: a}, {name: proxy, image: auto, imagePullPolicy: Always}]}`,
		"a request as high as a limit": `{containers: [{name: app, image: a}, {name: proxy, image: auto, imagePullPolicy: Always, resources: {requests: {memory: 1Gi}}}]}`,
		"a request above the injected": `{containers: [{name: app, image: a}, {name: proxy, image: auto, imagePullPolicy: Always, resources: {requests: {cpu: 1}}}]}`,
		"an own limit":                 `{containers: [{name: app, image: a}, {name: proxy, image: auto, imagePullPolicy: Always, resources: {limits: {memory: 2Gi}, requests: {memory: 2Gi}}}]}`,
		"the volume":                   `{volumes: [{name: socket, emptyDir: {}}], containers: [{name: app, image: a}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := yaml.YAMLToJSON([]byte("spec: " + pod))
			if err != nil {
				t.Fatal(err)
			}
			author := mustDecode(t, string(text))
			injected := mustInject(t, engine, author)
			stored := derive(injected.Pod)
			again := mustInject(t, engine, stored)
			if again.Patch != nil {
				t.Errorf("injecting the stored pod changes it by %s", again.Patch.AppendJSON(nil))
			}
			if diff := cmp.Diff(stored, again.Pod); diff != "" {
				t.Errorf("the stored pod, injected again (-before +after):\n%s", diff)
			}
			checkRemoved(t, engine, author, injected.Pod)
			checkRemoved(t, engine, author, stored)
		})
	}
	// A template that changes takes along what was derived from it.
	stored := derive(mustInject(t, engine, mustDecode(t, minimalPod)).Pod)
	next := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": templateOf("proxy:2")}})
	proxy, _ := Pod(mustInject(t, next, stored).Pod).Find("proxy")
	if policy, there := proxy["imagePullPolicy"]; there {
		t.Errorf("pull policy %v of the image before, want none: the API server chooses it", policy)
	}
}

// derive returns the pod with what the API server derives in it, for images without a tag.
func derive(pod map[string]any) map[string]any {
	stored := runtime.DeepCopyJSON(pod)
	for _, container := range Pod(stored).All() {
		if nameOf(container) != "app" && container["imagePullPolicy"] == nil {
			container["imagePullPolicy"] = "Always"
		}
		for resource, limit := range quantities(container, "limits") {
			if requests := Child(Child(container, "resources"), "requests"); requests[resource] == nil {
				requests[resource] = limit
			}
		}
	}
	for _, volume := range Pod(stored).In("volumes") {
		if len(volume) == 1 {
			volume["emptyDir"] = map[string]any{}
		}
	}
	return stored
}
