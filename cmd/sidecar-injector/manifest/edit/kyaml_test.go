package edit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// TestKYAML: a document means in KYAML what it means to Kubernetes.
func TestKYAML(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\n"
	cases := map[string]struct {
		text string
		want string // empty: only its meaning is looked at
	}{
		"comments stay": {head + "# above\nmetadata:\n  name: a # beside\n", `---
{
  apiVersion: "v1",
  kind: "ConfigMap",
  # above
  metadata: {
    name: "a", # beside
  },
}
`},
		"words that are true to Kubernetes":       {head + "data: {a: yes, b: \"no\", c: on}\n", ""},
		"numbers in other bases":                  {head + "data: {a: 0777, b: 1_000, c: 1e3, d: 12:30}\n", ""},
		"anchors and merges":                      {head + "a: &a {b: c}\nd: *a\ne: {<<: *a, f: g}\n", ""},
		"texts of several lines":                  {head + "data:\n  a: |\n    one\n      two\n\n    three\n  b: >-\n    folded\n    text\n", ""},
		"JSON":                                    {`{"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "\u001b[31m\/"}}`, ""},
		"escape sequences and marks of direction": {head + "data: {a: \"\\e[31m\", b: \"\\u202e\"}\n# \u202e\n", ""},
		"line ends of Windows":                    {"apiVersion: v1\r\nkind: ConfigMap\r\ndata:\r\n  a: |\r\n    one\r\n    two\r\n", ""},
		"empty things":                            {head + "data: {}\nlist: []\nnothing: null\nempty: \"\"\n", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			documents, err := manifest.Parse("x.yaml", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			got, err := KYAML(documents[0].Raw, documents[0].Object)
			if err != nil {
				t.Fatal(err)
			}
			again, err := manifest.Parse("x.kyaml", got)
			if err != nil {
				t.Fatalf("%v in\n%s", err, got)
			}
			if diff := cmp.Diff(documents[0].Object, again[0].Object); diff != "" || !terminal.IsSafe(got) {
				t.Errorf("it means something else (-want +got):\n%s\n%q", diff, got)
			}
			if c.want != "" && string(got) != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}
