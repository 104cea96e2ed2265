package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPassesOver: what stands in a tree and is no Kubernetes object is passed over, and what is nearly one is an error.
func TestPassesOver(t *testing.T) {
	cases := map[string]struct {
		file, text string
		want       string // the error; empty: it is passed over
	}{
		"a chart's values":                     {"values.yaml", "image: {tag: a}\nextra:\n- apiVersion: v1\n  kind: Pod\n  spec: {}\n", ""},
		"a chart":                              {"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n", ""},
		"a kustomization without a kind":       {"kustomization.yaml", "resources: [a.yaml]\n", ""},
		"a workflow of a build":                {"build.yml", "on: push\njobs: {}\n", ""},
		"a pipeline that has a kind":           {"drone.yaml", "kind: pipeline\nname: default\nsteps: []\n---\nkind: secret\nname: a\n", ""},
		"a list":                               {"list.yaml", "- a\n- b\n", ""},
		"a word":                               {"word.yaml", "a\n", ""},
		"comments alone":                       {"comments.yaml", "# apiVersion: v1\n# kind: Pod\n", ""},
		"nothing":                              {"empty.yaml", "", ""},
		"a package of another language":        {"package.json", "{\"name\": \"a\",\n \"kind\": \"x\"}\n", ""},
		"JSON with comments":                   {"tsconfig.json", "{\n // a comment\n \"compilerOptions\": {}\n}\n", ""},
		"a JSON list":                          {"list.json", "[{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}]\n", ""},
		"a template of Helm":                   {"deployment.yaml", "{{- if .Values.enabled }}\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n{{- end }}\n", ""},
		"a template with values alone":         {"service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-{{ .Chart.Name }}\n", ""},
		"what is no YAML":                      {"notes.yaml", "a: b: c\n", ""},
		"a manifest without its version":       {"a.yaml", "kind: Pod\nmetadata: {name: a}\n", "apiVersion is missing, want a string"},
		"a manifest without its kind":          {"a.yaml", "apiVersion: v1\nspec: {}\n", "kind is missing, want a string"},
		"a kind that is misspelt":              {"a.json", "{\"apiVersion\": \"v1\", \"knd\": \"Pod\", \"metadata\": {}}", "kind is missing, want a string"},
		"a manifest that does not parse":       {"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a\n", "a.yaml:4: broken YAML"},
		"JSON of a manifest that is cut off":   {"a.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"", "broken JSON"},
		"a manifest with braces in its values": {"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {a: \"{{ b }}\"}}\n  name: a\n", "broken YAML"},
		"an object beside what is none":        {"a.yaml", "a: b\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "apiVersion is missing"},
		"an object in braces beside it":        {"a.yaml", "- a\n---\n{apiVersion: v1, kind: Pod, metadata: {name: a}}\n", "it is a list, want a Kubernetes object"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			folder(t, map[string]string{"tree/pod.yaml": named("kept"), "tree/below/" + c.file: c.text})
			var passed []string
			sources := Sources{Filenames: []string{"tree"}, Recursive: true, PassedOver: func(path string) { passed = append(passed, path) }}
			documents, err := sources.Read(t.Context())
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("the error is %v, want %q", err, c.want)
				}
				return
			}
			if err != nil || len(documents) != 1 || len(passed) != 1 || passed[0] != filepath.Join("tree", "below", c.file) {
				t.Errorf("%d documents, passed over %q, error %v", len(documents), passed, err)
			}
			// Without -R, and when it is named, it is what was meant.
			for _, sources := range []Sources{{Filenames: []string{"tree/below"}}, {Filenames: []string{passed[0]}, Recursive: true}} {
				if _, err := sources.Read(t.Context()); err == nil && c.text != "" {
					t.Errorf("%q: no error", sources.Filenames)
				}
			}
		})
	}
}

// TestPassesOverAll: a tree without any object is an error.
func TestPassesOverAll(t *testing.T) {
	folder(t, map[string]string{"tree/values.yaml": "a: b\n", "tree/Chart.yaml": "apiVersion: v2\n"})
	_, err := (&Sources{Filenames: []string{"tree"}, Recursive: true}).Read(t.Context())
	if want := `directory "tree": no Kubernetes object in its 2 files`; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %q", err, want)
	}
	if err := os.WriteFile("tree/values.yaml", []byte(named("a")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Sources{Filenames: []string{"tree"}, Recursive: true}).Read(t.Context()); err != nil {
		t.Error(err)
	}
}
