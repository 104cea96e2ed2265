package app

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// hostileName does something to a terminal wherever it is written as it is: it sets the title, rings, clears the screen,
// goes back in the line, turns text round, and begins a line that looks like one of ours.
const hostileName = "x\x1b]0;OWNED\a\x1b[2J\r\u009b2J\u202e\u2028y\nFORGED: z"

// quoted is hostileName in a string of YAML or JSON.
const quoted = `"x\u001b]0;OWNED\u0007\u001b[2J\u000d\u009b2J\u202e\u2028y\u000aFORGED: z"`

// hostileFiles are files whose names and texts are hostile.
func hostileFiles(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	pod := `apiVersion: v1
kind: KIND
metadata: {name: NAME, namespace: NAME, labels: {app: NAME}, annotations: {sidecar.istio.io/inject: INJECT, NAME: NAME, inject.istio.io/templates: TEMPLATES}}
spec: {containers: [{name: NAME, image: NAME, env: [{name: NAME, value: NAME}]}]}
`
	text := func(pairs ...string) string {
		return strings.NewReplacer(append(pairs, "KIND", "Pod", "NAME", quoted, "INJECT", `"true"`, "TEMPLATES", "envoy")...).Replace(pod)
	}
	for name, content := range map[string]string{
		"pod.yaml":              text(),
		hostileName + ".yaml":   text(),
		"quiet.yaml":            text("INJECT", quoted),
		"unknown.yaml":          text("TEMPLATES", quoted),
		"kind.yaml":             "apiVersion: example.com/v1\nkind: " + quoted + "\nmetadata: {name: " + quoted + "}\nspec: {template: {metadata: {annotations: {sidecar.istio.io/inject: \"true\"}}, spec: {containers: [{name: a}]}}}\n",
		"wrong.yaml":            "apiVersion: v1\nkind: Pod\nmetadata: {name: " + quoted + "}\nspec: {containers: [{name: a, ports: " + quoted + "}]}\n",
		"twice.yaml":            "apiVersion: v1\nkind: Pod\n" + quoted + ": 1\n" + quoted + ": 2\n",
		"other.yaml":            "apiVersion: example.com/v1\nkind: " + quoted + "\nmetadata: {name: " + quoted + "}\nspec: {list: [{template: {spec: {containers: [{name: a}]}}}]}\n",
		"value.yaml":            text("INJECT", `"true", sidecar.istio.io/logLevel: `+quoted),
		"config.yaml":           "templates: {" + quoted + ": 'metadata: {labels: {team: \"{{ .Nothing }}\"}}'}\ndefaultTemplates: [" + quoted + "]\n",
		"broken.yaml":           quoted + ": 1\n",
		"team.yaml":             "metadata: {labels: {team: a}}\n",
		"k/kustomization.yaml":  "resources: [" + quoted + "]\n",
		"r/kustomization.yaml":  "resources: [\"https://example.com/\\u001b[2J\\u202e\"]\n",
		"cases/x\x1b[2Jy/a.txt": "no pod",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingReachesTheTerminal runs every command that needs no cluster with hostile names: no character comes out that
// does anything, and no line that is not ours.
func TestNothingReachesTheTerminal(t *testing.T) {
	hostileFiles(t)
	file := hostileName + ".yaml"
	for _, arguments := range [][]string{
		{"preview", "-f", "pod.yaml"}, {"preview", "-f", file}, {"preview", "-f", "pod.yaml", "-o", "name"}, {"preview", "-f", "pod.yaml", "-o", "patch"},
		{"preview", "-f", "pod.yaml", "-f", file, "-o", "patch"}, {"preview", "-f", "pod.yaml", "-o", "review"}, {"preview", "-f", "quiet.yaml"},
		{"preview", "-f", "unknown.yaml"}, {"preview", "-f", "kind.yaml"}, {"preview", "-f", "kind.yaml", "-o", "name"}, {"preview", "-f", "wrong.yaml"},
		{"preview", "-f", "twice.yaml"}, {"preview", "-f", "other.yaml"}, {"preview", "-f", "value.yaml"}, {"preview", "-f", "pod.yaml", "--config", "config.yaml"},
		{"preview", "-f", "pod.yaml", "--config", "broken.yaml"}, {"preview", "-f", "pod.yaml", "--template", file}, {"preview", "-f", "pod.yaml", "--set", hostileName},
		{"preview", "-f", "pod.yaml", "--set", hostileName + "=1"}, {"preview", "-f", hostileName}, {"preview", "-f", "pod.yaml", "-o", hostileName},
		{"preview", "-f", "pod.yaml", "-n", hostileName}, {"preview", "-f", "pod.yaml", "--namespace-labels", hostileName + "=" + hostileName},
		{"preview", "-k", "k"}, {"preview", "-k", "r"}, {"preview", "-k", hostileName}, {"preview", "-f", "https://127.0.0.1:1/" + hostileName},
		{"remove", "-f", "pod.yaml"}, {"remove", "-f", file, "-o", "name"}, {"remove", "-f", "wrong.yaml"}, {"remove", "-k", "r"}, {"remove", "-f", "other.yaml"},
		{"explain", "-f", "pod.yaml"}, {"explain", "-f", file}, {"explain", "-f", "quiet.yaml"}, {"explain", "-f", "unknown.yaml"}, {"explain", "-f", "value.yaml"},
		{"explain", "-f", "pod.yaml", "-o", "json"}, {"explain", "-f", "pod.yaml", "-o", "yaml"}, {"explain", "-f", "kind.yaml"}, {"explain", "-f", "wrong.yaml"}, {"explain", "-f", "other.yaml"},
		{"lint", "--config", "config.yaml"}, {"lint", "--config", "config.yaml", "-o", "json"}, {"lint", "--config", "config.yaml", "-o", "sarif"},
		{"lint", "--config", "broken.yaml"}, {"lint", "--values", "broken.yaml"}, {"lint", file}, {"lint", "--test", "cases"}, {"lint", "--test", hostileName},
		{"audit", hostileName}, {"audit", "--kubeconfig", hostileName}, {"audit", "-n", hostileName, "-o", hostileName}, {"certs", "status", "--kubeconfig", hostileName},
		{hostileName}, {"preview", "--" + hostileName}, {"preview", "-f", "pod.yaml", hostileName}, {"version", hostileName}, {"certs", hostileName},
	} {
		var stdout, stderr bytes.Buffer
		Main(t.Context(), append([]string{"sidecar-injector"}, arguments...), strings.NewReader(""), &stdout, &stderr)
		for name, printed := range map[string]string{"output": stdout.String(), "error": stderr.String()} {
			if problem := does(printed); problem != "" {
				t.Errorf("%q: standard %s has %s: %q", arguments, name, problem, printed)
			}
		}
		if stdout.Len()+stderr.Len() == 0 && arguments[0] != "remove" {
			t.Errorf("%q: nothing is printed", arguments)
		}
	}
}

// does says what a text would do to a terminal.
func does(text string) string {
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 || r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return strconv.QuoteRune(r)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, "+- "), "FORGED") {
			return "a forged line"
		}
	}
	return ""
}

// unsafe are all kinds of what no output may have, from end to end, in a form that a line of YAML may have as it is; withLines
// are those that are more than a part of a line.
const (
	unsafe    = "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2060\ufeff\u00ad\U000e0001"
	withLines = "\r\u0085\u2028\u2029"
)

// TestDocumentsAreSafe: also what stays as it came has nothing that does anything to a terminal, wherever it stands, and in
// whatever form.
func TestDocumentsAreSafe(t *testing.T) {
	hostileFiles(t)
	pod := strings.ReplaceAll(`apiVersion: v1
kind: Pod # ~
metadata:
  # ~
  name: a~
  namespace: 'b~'
  labels: {"c~": d}
  annotations:
    e~: "f~"
    sidecar.istio.io/inject: "true"
    script: |
      g~
    folded: >-
      h~
spec:
  containers: # ~
  - {name: i~, image: j}
  k~: [l~, m]
`, "~", unsafe)
	escaped := `"\u001b\u0007\u0008\u007f\u009b\u0000`
	files := map[string]string{
		"raw.yaml":     pod,
		"lines.yaml":   strings.ReplaceAll(pod, " # "+unsafe, " # "+withLines),
		"map.yaml":     "# a" + unsafe + "\n--- # b" + unsafe + withLines + "\n# " + withLines + "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"b" + unsafe + withLines + "\"}\n",
		"comment.yaml": "apiVersion: v1\nkind: A\n---\n# " + unsafe + withLines + "\n",
		"pods.json": strings.ReplaceAll(`{"apiVersion": "v1", "kind": "Pod",~
			"metadata": {"name": "a@", "namespace": "b@", "annotations": {"sidecar.istio.io/inject": "true", "c@": "d@"}}, "spec": {"containers": [{"name": "e@", "image": "f@"}]}}
			{"apiVersion": "v1", "kind": "ConfigMap", "data": {"c@": "d@"}}`, "@", unsafe+"\x7f\u009b\u2028"),
		"mark.yaml": "\ufeffapiVersion: v1\nkind: A\n",
		"data.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + escaped + "\"}\ndata: {a: " + escaped + unsafe + "\"}\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "~", "\r")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"-f", "data.yaml"} // A mark of the byte order stays where the output begins.
	for name := range files {
		all = append(all, "-f", name)
	}
	for command, formats := range map[string][]string{
		"preview": {"diff", "yaml", "json", "patch", "name", "review", "jsonpath={.metadata}{.metadata.name}", "go-template={{.data}}{{.metadata}}"},
		"remove":  {"diff", "yaml", "json", "name"},
		"explain": {"text", "json", "yaml"},
	} {
		for _, format := range formats {
			checkSafe(t, append([]string{command, "-o", format}, all...)...)
		}
	}
}

// checkSafe runs a command, and returns what it prints.
func checkSafe(t *testing.T, arguments ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), append([]string{"sidecar-injector"}, arguments...), strings.NewReader(""), &stdout, &stderr)
	if code != 0 {
		t.Errorf("%q: exit code %d: %s", arguments, code, stderr.String())
	}
	for name, printed := range map[string]string{"output": stdout.String(), "error": stderr.String()} {
		if !terminal.IsSafe([]byte(printed)) {
			t.Errorf("%q: standard %s is not safe: %q", arguments, name, printed)
		}
	}
	return stdout.String()
}

// TestDocumentsStayByteForByte where they are safe, and mean the same where they are not.
func TestDocumentsStayByteForByte(t *testing.T) {
	hostileFiles(t)
	const text = "# é 猫 👩\u200d🚀\u00a0\u3000\r\napiVersion: v1\r\nkind:   ConfigMap\r\nmetadata: {name: \"a%s\"}\r\n"
	for name, more := range map[string]string{"safe.yaml": "‘é’", "unsafe.yaml": "\u202e"} {
		if err := os.WriteFile(name, fmt.Appendf(nil, text, more), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ file, format, want string }{
		{"safe.yaml", "yaml", fmt.Sprintf(text, "‘é’")},
		{"safe.yaml", "jsonpath={.metadata.name}", "a‘é’\n"},
		{"unsafe.yaml", "yaml", fmt.Sprintf(text, `\u202e`)},
		{"unsafe.yaml", "jsonpath={.metadata.name}", `a\u202e` + "\n"},
	} {
		if got := checkSafe(t, "preview", "-f", c.file, "-o", c.format); got != c.want {
			t.Errorf("%s -o %s: %q, want %q", c.file, c.format, got, c.want)
		}
	}
}

// TestLibrariesWarnInOneLine: kustomize logs the names of variables.
func TestLibrariesWarnInOneLine(t *testing.T) {
	hostileFiles(t)
	text := "resources: [pod.yaml]\nvars: [{name: " + quoted + ", objref: {kind: ConfigMap, name: a, apiVersion: v1}, fieldref: {fieldpath: data.a}}]\n"
	for name, content := range map[string]string{
		"v/kustomization.yaml": text, "v/pod.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n",
	} {
		_ = os.Mkdir("v", 0o755)
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := Main(t.Context(), []string{"sidecar-injector", "preview", "-k", "v"}, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if problem := does(stderr.String()); problem != "" || !strings.HasPrefix(stderr.String(), "warning: ") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("standard error has %s: %q", problem, stderr.String())
	}
}

// TestTheClientWarnsOnce: what Kubernetes' client logs comes from servers.
func TestTheClientWarnsOnce(t *testing.T) {
	var out bytes.Buffer
	restore := logAs(terminal.NewWriter(&out))
	for range 3 {
		klog.ErrorS(errors.New(hostileName), "Couldn't get resource list", "groupVersion", hostileName)
	}
	klog.V(4).Info("details")
	restore()
	const want = `warning: Couldn't get resource list: x\x1b]0;OWNED\a\x1b[2J\r\u009b2J\u202e\u2028y\nFORGED: z` + "\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestDataMeansTheSame: what is escaped in data is what it was when it is read.
func TestDataMeansTheSame(t *testing.T) {
	hostileFiles(t)
	for _, format := range []string{"json", "yaml"} {
		var stdout, stderr bytes.Buffer
		if code := Main(t.Context(), []string{"sidecar-injector", "explain", "-f", "pod.yaml", "-o", format}, nil, &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr.String())
		}
		var explained []struct{ Namespace, Name string }
		if err := yaml.Unmarshal(stdout.Bytes(), &explained); err != nil {
			t.Fatalf("%v in %s", err, stdout.String())
		}
		if explained[0].Name != hostileName || explained[0].Namespace != hostileName {
			t.Errorf("-o %s: name %q, want %q", format, explained[0].Name, hostileName)
		}
	}
}
