package templates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A user's container moves to where the injected one is, but templates see it where its user put it, also the second
// time.
func TestOverridesAreSeenWhereTheyStood(t *testing.T) {
	const seen = `{{ range .Spec.InitContainers }}i:{{ .Name }} {{ end }}{{ range .Spec.Containers }}c:{{ .Name }} {{ end }}`
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
spec:
  initContainers:
  - {name: native, image: x, restartPolicy: Always}
  containers:
  - {name: classic, image: x, args: ["` + seen + `"]}`}})
	for name, test := range map[string]struct{ spec, sees, containers string }{
		"a native one under containers": {
			`{"containers":[{"name":"native","image":"auto","tty":true},{"name":"app","image":"a"}]}`,
			"c:native c:app ", "native app classic",
		},
		"one that says nothing but its name": {
			`{"containers":[{"name":"a","image":"a"},{"name":"native","image":"auto"},{"name":"b","image":"b"}]}`,
			"c:a c:native c:b ", "native a b classic",
		},
		"a classic one under init containers, where it comes first": {
			`{"initContainers":[{"name":"classic","image":"auto"},{"name":"first","image":"a"}],"containers":[{"name":"app","image":"a"}]}`,
			"i:classic i:first c:app ", "native first app classic",
		},
		"both, exchanged": {
			`{"initContainers":[{"name":"classic","image":"auto","tty":true}],"containers":[{"name":"native","image":"auto","tty":true}]}`,
			"i:classic c:native ", "native classic",
		},
		"one under containers, before one that seems to stand where it stood": {
			`{"containers":[{"name":"native","image":"auto","tty":true},{"name":"classic","image":"auto","tty":true},{"name":"app","image":"a"}]}`,
			"c:native c:classic c:app ", "native app classic",
		},
		"where they belong": {
			`{"initContainers":[{"name":"native","image":"auto"}],"containers":[{"name":"app","image":"a"},{"name":"classic","image":"auto"}]}`,
			"i:native c:app c:classic ", "native app classic",
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := mustInject(t, engine, mustDecode(t, `{"metadata":{"name":"p"},"spec":`+test.spec+`}`))
			names := ""
			for i, name := range containerNames(result.Pod) {
				if i > 0 {
					names += " "
				}
				names += name
			}
			classic, _ := Pod(result.Pod).Find("classic")
			if diff := cmp.Diff([]any{test.sees}, classic["args"]); diff != "" || names != test.containers {
				t.Errorf("containers %s, want %s; seen (-want +got):\n%s", names, test.containers, diff)
			}
			if again := mustInject(t, engine, result.Pod); len(again.Patch) > 0 {
				t.Errorf("injecting again changes the pod: %v", again.Patch)
			}
		})
	}
}

// Original positions can be forged like all of the status: they move no container that is not injected, and break nothing.
func TestForgedPositions(t *testing.T) {
	engine := mustEngine(t, Options{})
	honest := mustInject(t, engine, mustDecode(t, minimalPod)).Pod
	for name, forged := range map[string]string{
		"of the application":    `{"containers":{"app":""},"places":{"app":"initContainers/0"}}`,
		"of nobody":             `{"containers":{},"places":{"ghost":"containers/0"}}`,
		"beyond the end":        `{"containers":{"app":""},"places":{"app":"containers/60000"}}`,
		"not a number":          `{"containers":{"sidecar-proxy":""},"places":{"sidecar-proxy":"containers/x"}}`,
		"negative":              `{"containers":{"sidecar-proxy":""},"places":{"sidecar-proxy":"containers/-1"}}`,
		"in no list":            `{"containers":{"sidecar-proxy":""},"places":{"sidecar-proxy":"volumes/0"}}`,
		"of a name with a list": `{"containers":{"containers/app":""},"places":{"app":"initContainers/0"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			pod := mustDecode(t, minimalPod)
			Pod(pod).Annotations()[engine.Profile().Keys.Status] = forged
			if diff := cmp.Diff(honest, mustInject(t, engine, pod).Pod); diff != "" {
				t.Errorf("a forged position changes the injected pod (-honest +forged):\n%s", diff)
			}
		})
	}
}
