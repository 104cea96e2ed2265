package manifest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folder writes files into a new directory, which becomes the working directory.
func folder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func named(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

func someFiles() map[string]string {
	return map[string]string{
		"deploy/b.yaml":             named("b"),
		"deploy/a.yaml":             named("a"),
		"deploy/notes.txt":          "no manifest",
		"deploy/deep/c.yaml":        named("c"),
		"odd[1].yaml":               named("odd"),
		"east/kustomization.yaml":   "namePrefix: east-\nresources: [../base]\n",
		"base/kustomization.yaml":   "resources: [pod.yaml, all.yaml]\n",
		"base/pod.yaml":             "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
		"base/all.yaml":             named("d") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
		"broken/kustomization.yaml": "resources: [missing.yaml]\n",
		"bare/kustomization.yaml":   "{}\n",
	}
}

func TestSources(t *testing.T) {
	cases := map[string]struct {
		sources Sources
		want    []string
	}{
		"nothing":                             {Sources{}, nil},
		"a directory":                         {Sources{Filenames: []string{"deploy"}}, []string{"deploy/a.yaml a", "deploy/b.yaml b"}},
		"a directory and all below":           {Sources{Filenames: []string{"deploy"}, Recursive: true}, []string{"deploy/a.yaml a", "deploy/b.yaml b", "deploy/deep/c.yaml c"}},
		"a pattern of files":                  {Sources{Filenames: []string{"deploy/[ab].*"}}, []string{"deploy/a.yaml a", "deploy/b.yaml b"}},
		"a pattern of directories":            {Sources{Filenames: []string{"dep*"}}, []string{"deploy/a.yaml a", "deploy/b.yaml b"}},
		"a file that looks like one":          {Sources{Filenames: []string{"odd[1].yaml"}}, []string{"odd[1].yaml odd"}},
		"standard input between files":        {Sources{Filenames: []string{"deploy/b.yaml", "-", "deploy/a.yaml"}, Stdin: strings.NewReader(named("in"))}, []string{"deploy/b.yaml b", "standard input in", "deploy/a.yaml a"}},
		"a kustomization, in kubectl's order": {Sources{Kustomize: "east"}, []string{"east shop", "east east-d", "east east-p"}},
		"a kustomization after files":         {Sources{Filenames: []string{"deploy/a.yaml"}, Kustomize: "base"}, []string{"deploy/a.yaml a", "base shop", "base d", "base p"}},
	}
	folder(t, someFiles())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			documents, err := c.sources.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range documents {
				err := Visit(&documents[i], func(at Place) error {
					got = append(got, at.Document.Source+" "+at.Name)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSourcesErrors(t *testing.T) {
	cases := map[string]struct {
		sources Sources
		want    string
	}{
		"no such file":             {Sources{Filenames: []string{"deploy/x.yaml"}}, `read "deploy/x.yaml": no such file or directory`},
		"a pattern without a file": {Sources{Filenames: []string{"deploy/*.json"}}, `read "deploy/*.json": no file matches`},
		"a broken pattern":         {Sources{Filenames: []string{"deploy/[a"}}, `read "deploy/[a": no such file, and no pattern either: syntax error in pattern`},
		"standard input twice":     {Sources{Filenames: []string{"-", "-"}}, "standard input (-) can be read only once"},
		"no URL":                   {Sources{Filenames: []string{"http://a b/"}}, `read "http://a b/": it is no URL: invalid character " " in host name`},
		"an empty kustomization":   {Sources{Kustomize: "bare"}, `build the kustomization "bare": kustomization.yaml is empty`},
	}
	folder(t, someFiles())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := c.sources.Read(t.Context())
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKustomizationErrorsAreOneLine(t *testing.T) {
	folder(t, someFiles())
	for name, part := range map[string]string{"broken": "missing.yaml", "deploy": "kustomization"} {
		_, err := (&Sources{Kustomize: name}).Read(t.Context())
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), part) ||
			!strings.HasPrefix(err.Error(), `build the kustomization "`+name+`": `) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestSourcesAreGivenUpWithTheContext(t *testing.T) {
	folder(t, someFiles())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&Sources{Filenames: []string{"deploy"}}).Read(ctx)
	if want := "read the input: context canceled"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestTextOfALiveObjectIsYAML(t *testing.T) {
	live := map[string]any{
		"apiVersion": "v1", "kind": "Pod", "status": map[string]any{"phase": "Running"},
		"metadata": map[string]any{"name": "a", "managedFields": []any{}, "uid": "x"},
	}
	document := FromObject("pod/a", live)
	text, err := document.Text()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", string(text)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if document.String() != "pod/a" {
		t.Errorf("it is called %s, want pod/a", &document)
	}
	if _, changed := live["status"]; !changed {
		t.Error("the live object was changed")
	}
}
