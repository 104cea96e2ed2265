package templates

import (
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hooked returns a profile with one template.
func hooked(text string, hooks Hooks) *Profile {
	return &Profile{
		Name: "hooked", DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": text},
		Keys: Keys{Templates: "templates", Status: "status"}, Hooks: hooks,
	}
}

func TestHooksOfATemplate(t *testing.T) {
	engine := mustEngine(t, Options{Profile: hooked(`
metadata: {labels: {a: "{{ .Own }}", b: "{{ shout .Namespace }}", c: "{{ .Map.none }}"}}`, Hooks{
		Functions: template.FuncMap{"shout": strings.ToUpper},
		Model: func(data *Data) (any, error) {
			if data.ObjectMeta.Labels["refuse"] != "" {
				return nil, &InputError{Problem: "refused"}
			}
			return map[string]any{"Own": data.ObjectMeta.Name, "Namespace": data.ObjectMeta.Namespace, "Map": map[string]any{}}, nil
		},
		AllowMissing: true,
	})})
	labels := Pod(mustInject(t, engine, mustDecode(t, minimalPod)).Pod).Labels()
	if diff := cmp.Diff(map[string]any{"a": "p", "b": "SHOP", "c": "<no value>"}, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	refused := mustDecode(t, `{"metadata":{"name":"p","labels":{"refuse":"x"}},"spec":{}}`)
	if _, err := engine.Inject(Input{Pod: refused}); err == nil || err.Error() != "refused" {
		t.Errorf("got %v, want what the model says", err)
	}
}

// Finish sees what came of the merge and Prepare undoes it: what Finish adds up does not add up twice.
func TestHooksOfAPod(t *testing.T) {
	var seen *Injection
	var claimed []string
	engine := mustEngine(t, Options{Profile: hooked(`
spec:
  initContainers: [{name: setup, image: x}]
  containers: [{name: proxy, image: x}, {name: agent, image: x}]
  volumes: [{name: v, emptyDir: {}}]`, Hooks{
		Prepare: func(p Preparation) Pod {
			claimed = p.Recorded
			text, ok := p.Pod.Annotation("count")
			if !ok || len(claimed) == 0 {
				return p.Pod
			}
			pod := p.Pod.Editable()
			pod.Annotations()["count"] = strings.TrimSuffix(text, "+")
			return pod
		},
		Finish: func(in *Injection) error {
			copied := *in
			seen = &copied
			text, _ := in.Pod.Annotation("count")
			in.Pod.Annotations()["count"] = text + "+"
			proxy, _ := in.Pod.Find("proxy")
			proxy["tty"] = true
			return nil
		},
		Order: func(in *Injection) {
			all := in.Pod.In(Containers)
			in.Pod.Replace(Containers, append(all[1:], all[0]))
		},
	})})
	pod := mustDecode(t, `{"metadata":{"name":"p","annotations":{"count":"1"}},"spec":{"containers":[{"name":"proxy","image":"auto","stdin":true},{"name":"app","image":"a"}]}}`)
	result, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}, Path: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{InitContainers: {"setup"}, Containers: {"proxy", "agent"}, "volumes": {"v"}}
	if diff := cmp.Diff(want, seen.Injected); diff != "" {
		t.Errorf("injected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]any{"proxy": {"name": "proxy", "stdin": true}}, seen.Overrides); diff != "" {
		t.Errorf("overrides (-want +got):\n%s", diff)
	}
	if seen.Path["a"] != "b" || seen.Again || claimed != nil {
		t.Errorf("path %v, again %v, claimed %v", seen.Path, seen.Again, claimed)
	}
	again := mustInject(t, engine, result.Pod)
	if len(again.Patch) > 0 || !seen.Again {
		t.Errorf("injecting again: %v changes the pod, again %v", again.Patch, seen.Again)
	}
	if diff := cmp.Diff([]string{"agent", "proxy", "setup"}, claimed); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	if got, _ := Pod(again.Pod).Annotation("count"); got != "1+" {
		t.Errorf("count is %q, want 1+", got)
	}
}
