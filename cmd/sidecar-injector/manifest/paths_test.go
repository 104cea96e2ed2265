package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTemplatePaths: where somebody says that pod templates stand, they are, and nowhere else.
func TestTemplatePaths(t *testing.T) {
	const (
		pod    = "{metadata: {annotations: {a: b}}, spec: {containers: [{name: a, image: a:1}]}}"
		runner = "apiVersion: example.com/v1\nkind: Runner\nmetadata: {name: x}\n"
	)
	cases := map[string]struct {
		path, text string
		want       []string
		err        string
	}{
		"a field of any name":            {"Runner=spec.pod", runner + "spec: {pod: " + pod + "}", []string{"spec.pod"}, ""},
		"of the group":                   {"runner.example.com=spec.pod", runner + "spec: {pod: " + pod + "}", []string{"spec.pod"}, ""},
		"of another group":               {"Runner.example.org=spec.pod", runner + "spec: {template: " + pod + "}", []string{"spec.template"}, ""},
		"of another kind":                {"Worker=spec.pod", runner + "spec: {template: " + pod + "}", []string{"spec.template"}, ""},
		"elements of lists":              {"Runner=spec.workers[*].pod", runner + "spec: {workers: [{pod: " + pod + "}, {pod: " + pod + "}, {}]}", []string{"spec.workers[0].pod", "spec.workers[1].pod"}, ""},
		"one element":                    {"Runner=spec.workers[1].pod", runner + "spec: {workers: [{pod: " + pod + "}, {pod: " + pod + "}]}", []string{"spec.workers[1].pod"}, ""},
		"fields of any name":             {"Runner=spec.roles.*.pod", runner + "spec: {roles: {b: {pod: " + pod + "}, a: {pod: " + pod + "}}}", []string{"spec.roles.a.pod", "spec.roles.b.pod"}, ""},
		"where something else may stand": {"Runner=spec.values.pod", runner + "spec: {values: {pod: " + pod + "}, template: " + pod + "}", []string{"spec.values.pod"}, ""},
		"nothing there":                  {"Runner=spec.workers[*].pod", runner + "spec: {}", nil, "x.yaml:1 (document 1): Runner x: spec.workers[*].pod is missing, want a pod template, as --pod-template-path Runner=spec.workers[*].pod says"},
		"no pod template there":          {"Runner=spec.pod", runner + "spec: {pod: {spec: {containers: []}}}", nil, "x.yaml:1 (document 1): Runner x: spec.pod.spec.containers is empty, want at least one container"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			documents, err := Parse("x.yaml", []byte(c.text+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			path, err := ParseTemplatePath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			documents[0].Paths = []TemplatePath{path}
			var got []string
			err = Visit(&documents[0], func(at Place) error {
				found, _, err := WorkloadsOf(at)
				for i := range found {
					got = append(got, found[i].FieldPath())
				}
				return err
			})
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("error %v, want %q; templates (-want +got):\n%s", err, c.err, diff)
			}
		})
	}
}

// TestParseTemplatePath: what is no path is refused.
func TestParseTemplatePath(t *testing.T) {
	for _, text := range []string{"", "Runner", "=spec", "Runner=", "Runner=spec..pod", "Runner=spec[x]", "Runner=.spec", "Runner.=spec", "Run/ner=spec", "Runner.Example=spec", "Runner=[0]"} {
		if path, err := ParseTemplatePath(text); err == nil {
			t.Errorf("%q is read as %v", text, path)
		}
	}
}

// TestKnownPaths: a template at a known place is one though its containers are not complete, which is an error.
func TestKnownPaths(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: a}\nspec: {jobTargetRef: {template: {spec: {containers: [{image: 1}]}}}}\n":          "ScaledJob a: spec.jobTargetRef.template.spec.containers.image is a number, want a string",
		"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec: {tasks: [{template: {spec: {containers: [{name: a, image: [a]}]}}}]}\n": "Job a: spec.tasks[0].template.spec.containers.image is a list, want a string",
	} {
		documents, err := Parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		err = Visit(&documents[0], func(at Place) error { _, _, err := WorkloadsOf(at); return err })
		if want = "x.yaml:1 (document 1): " + want; err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
