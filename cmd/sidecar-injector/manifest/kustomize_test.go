package manifest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// command is a base whose ref git would take for an option, and run.
const command = "file:///proc/self/cwd?ref=--upload-pack=touch%20pwned%3B"

// remoteKustomizations are kustomizations that want something from elsewhere, each in another way, and what is refused.
func remoteKustomizations(target string) map[string]map[string]string {
	plugin := "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: ['a=" + target + "']\n"
	return map[string]map[string]string{
		"a resource":                {"kustomization.yaml": "resources:\n- '" + target + "'\n"},
		"a component":               {"kustomization.yml": "components: ['" + target + "']\n"},
		"a base, as they once were": {"Kustomization": "bases: ['" + target + "']\n"},
		"a key in capital letters":  {"kustomization.yaml": "RESOURCES: ['" + target + "']\n"},
		"an alias":                  {"kustomization.yaml": "commonAnnotations: {a: &x '" + target + "'}\nresources: [*x]\n"},
		"a patch":                   {"kustomization.yaml": "patches: [{path: '" + target + "'}]\n"},
		"a file of a ConfigMap":     {"kustomization.yaml": "configMapGenerator: [{name: c, files: ['a=" + target + "']}]\n"},
		"a base of a base":          {"kustomization.yaml": "resources: [deep]\n", "deep/kustomization.yaml": "resources: ['" + target + "']\n"},
		"a plug-in in a file":       {"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": plugin},
		"a plug-in in place":        {"kustomization.yaml": "generators:\n- |\n  " + strings.ReplaceAll(plugin, "\n", "\n  ") + "\n"},
	}
}

func TestRemoteKustomizations(t *testing.T) {
	for _, target := range []string{
		command, "https://example.com/a.yaml", "HTTP://example.com/a.yaml", "git::https://example.com/o/r", "https://github.com/o/r",
		"github.com/o/r?ref=v1", "ssh://git@example.com/o/r", "git@example.com:o/r.git",
	} {
		for sentence, files := range remoteKustomizations(target) {
			t.Run(sentence+" "+target, func(t *testing.T) {
				folder(t, files)
				_, err := (&Sources{Kustomize: "."}).Read(t.Context())
				if err == nil || !strings.Contains(err.Error(), target) ||
					!strings.HasSuffix(err.Error(), "without --allow-remote") && !strings.HasSuffix(err.Error(), "git would take it for an option") {
					t.Errorf("error %v, want one that names %s", err, target)
				}
			})
		}
	}
}

func TestRemoteKustomizationIsNamedWithItsLine(t *testing.T) {
	folder(t, map[string]string{"top/kustomization.yaml": "resources:\n- ../base\n", "base/kustomization.yaml": "# ours\nresources:\n- github.com/o/r\n"})
	_, err := (&Sources{Kustomize: "top"}).Read(t.Context())
	want := `build the kustomization "top": base/kustomization.yaml:3: "github.com/o/r" is fetched from elsewhere: this is refused without --allow-remote`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestRefIsNoOption: a ref that begins with a hyphen is refused in each place, also where remote bases are allowed.
func TestRefIsNoOption(t *testing.T) {
	for sentence, files := range remoteKustomizations(command) {
		t.Run(sentence, func(t *testing.T) {
			t.Setenv(gitProtocols, "file")
			folder(t, files)
			_, err := (&Sources{Kustomize: ".", AllowRemote: true}).Read(t.Context())
			if err == nil || !strings.HasSuffix(err.Error(), `: the ref "--upload-pack=touch pwned;" begins with "-": git would take it for an option`) {
				t.Errorf("error %v", err)
			}
			if _, err := os.Stat("pwned"); err == nil {
				t.Error("the command was run")
			}
		})
	}
	t.Setenv(gitProtocols, "file")
	if _, err := (&Sources{Kustomize: command, AllowRemote: true}).Read(t.Context()); err == nil || !strings.Contains(err.Error(), "git would take it for an option") {
		t.Errorf("as the kustomization itself: error %v", err)
	}
}

// TestHostIsNoOption: ssh would run a command for such a host.
func TestHostIsNoOption(t *testing.T) {
	for _, target := range []string{
		"ssh://-oProxyCommand=touch%20pwned/o/r", "ssh://git@-oProxyCommand=x/o/r", "git@-oProxyCommand=x:o/r", "ssh://%2DoProxyCommand=x/o/r",
		"git::ssh://-oProxyCommand=x/o/r", "https://-x/o/r", "git@-x:o/r.git\n",
	} {
		folder(t, map[string]string{"kustomization.yaml": "resources: [" + strconv.Quote(target) + "]\n"})
		_, err := (&Sources{Kustomize: ".", AllowRemote: true}).Read(t.Context())
		if err == nil || !strings.Contains(err.Error(), `kustomization.yaml:1: `+strconv.Quote(target)+`: the host begins with "-"`) {
			t.Errorf("%s: error %v", target, err)
		}
	}
}

// TestNothingIsFetchedBehindTheGuard: what does not stand in the text as it is decoded, or is only made by a patch.
func TestNothingIsFetchedBehindTheGuard(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	address := server.URL + "/o/r"
	binary := "!!binary " + base64.StdEncoding.EncodeToString([]byte(address))
	for sentence, files := range map[string]map[string]string{
		"text that is binary":      {"kustomization.yaml": "resources: [" + binary + "]\n"},
		"a key that is binary":     {"kustomization.yaml": "!!binary " + base64.StdEncoding.EncodeToString([]byte("resources")) + ": ['" + address + "']\n"},
		"a file that is binary":    {"kustomization.yaml": "patches: [{path: " + binary + "}]\n"},
		"a plug-in that is binary": {"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: [" + binary + "]\n"},
		"a line break behind":      {"kustomization.yaml": "resources: [" + strconv.Quote("git@127.0.0.1:o/r\n") + "]\n"},
		"a generator in a patch": {
			"kustomization.yaml":   "generators: [g]\n",
			"g/kustomization.yaml": "resources: [g.yaml]\npatches:\n- target: {kind: ConfigMapGenerator}\n  patch: |-\n    - op: replace\n      path: /files/0\n      value: a=" + address + "\n",
			"g/g.yaml":             "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: ['a=b']\n",
		},
		"a generator in a list": {"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "apiVersion: v1\nkind: List\nitems: [{apiVersion: builtin, kind: ConfigMapGenerator, metadata: {name: g}, files: ['a=" + address + "']}]\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			folder(t, files)
			_, err := (&Sources{Kustomize: "."}).Read(t.Context())
			if err == nil || !strings.Contains(err.Error(), "/r") || !strings.HasSuffix(err.Error(), "is fetched from elsewhere: this is refused without --allow-remote") {
				t.Errorf("error %v", err)
			}
		})
	}
	if asked {
		t.Error("something was fetched")
	}
	if _, wrapped := http.DefaultTransport.(*transport); wrapped {
		t.Error("the transport is not put back")
	}
}

// TestAllowedHTTPIsBounded: an answer without an end ends.
func TestAllowedHTTPIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.URL.Path == "/good.yaml" {
			_, _ = io.WriteString(out, named("fetched"))
			return
		}
		_, _ = io.Copy(out, endless("# no end\n"))
	}))
	defer server.Close()
	for path, want := range map[string]string{"/good.yaml": "", "/large.yaml": "the server sends more than 32 MiB"} {
		folder(t, map[string]string{"kustomization.yaml": "resources: ['" + server.URL + path + "']\n"})
		documents, err := (&Sources{Kustomize: ".", AllowRemote: true}).Read(t.Context())
		if want == "" && (err != nil || len(documents) != 1) || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%s: %d documents, error %v, want %q", path, len(documents), err, want)
		}
	}
}

// TestKustomizationsRunNothing: no Helm, no plug-in, no function.
func TestKustomizationsRunNothing(t *testing.T) {
	function := "apiVersion: example.com/v1\nkind: Tool\nmetadata: {name: a, annotations: {config.kubernetes.io/function: 'exec: {path: ./tool}'}}\n"
	for sentence, c := range map[string]struct {
		text, want string
	}{
		"a chart":               {"helmCharts: [{name: a, repo: 'https://example.com'}]", `kustomization.yaml: the chart "a" is not rendered: kustomize would run helm; want what 'helm template' makes of it among the resources`},
		"a chart, as they were": {"helmChartInflationGenerator: [{chartName: a, chartRepoUrl: 'https://example.com'}]", `the chart "a" is not rendered`},
		"a chart in a plug-in":  {"generators: ['{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: a}, name: a}']", "must specify --enable-helm"},
		"a plug-in":             {"generators: ['{apiVersion: example.com/v1, kind: Tool, metadata: {name: a}}']", "external plugins disabled"},
		"a function":            {"transformers: [tool.yaml]", "external plugins disabled"},
	} {
		t.Run(sentence, func(t *testing.T) {
			folder(t, map[string]string{"kustomization.yaml": c.text, "tool.yaml": function, "tool": "#!/bin/sh\ntouch pwned\n"})
			if err := os.Chmod("tool", 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := (&Sources{Kustomize: ".", AllowRemote: true}).Read(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if _, err := os.Stat("pwned"); err == nil {
				t.Error("the tool was run")
			}
		})
	}
}

// TestFilesOutsideStayUnread: of the root of each kustomization, by name or by a symbolic link.
func TestFilesOutsideStayUnread(t *testing.T) {
	for sentence, text := range map[string]string{
		"a resource":            "resources: [../secret.yaml]",
		"by its path":           "configMapGenerator: [{name: a, files: [/etc/passwd]}]",
		"by a symbolic link":    "configMapGenerator: [{name: a, files: [link]}]",
		"variables":             "configMapGenerator: [{name: a, envs: [../secret.yaml]}]",
		"a patch":               "resources: [a.yaml]\npatches: [{path: ../secret.yaml}]",
		"a file of a component": "components: [../secret.yaml]",
	} {
		folder(t, map[string]string{"secret.yaml": named("secret"), "top/kustomization.yaml": text + "\n", "top/a.yaml": named("a")})
		if err := os.Symlink("../secret.yaml", "top/link"); err != nil {
			t.Fatal(err)
		}
		if documents, err := (&Sources{Kustomize: "top"}).Read(t.Context()); err == nil {
			t.Errorf("%s: %d documents, want an error", sentence, len(documents))
		}
	}
}

func TestErrorsOfKustomizationsAreShort(t *testing.T) {
	folder(t, map[string]string{"kustomization.yaml": "resources: [a.yaml]\npatches: [{patch: \"" + strings.Repeat("é", 1<<19) + "\"}]\n", "a.yaml": named("a")})
	_, err := (&Sources{Kustomize: "."}).Read(t.Context())
	if err == nil || len(err.Error()) > 2100 || !strings.HasSuffix(err.Error(), "é…") {
		t.Errorf("error of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestKustomizationBehindASymbolicLink(t *testing.T) {
	folder(t, map[string]string{"real.txt": "resources: ['https://example.com/o/r']\n"})
	if err := os.Symlink("real.txt", "kustomization.yaml"); err != nil {
		t.Fatal(err)
	}
	_, err := (&Sources{Kustomize: "."}).Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), `real.txt:1: "https://example.com/o/r" is fetched`) {
		t.Errorf("error %v", err)
	}
}

// TestWhatIsNotRemote: names that look like it, and URLs that nothing is loaded from.
func TestWhatIsNotRemote(t *testing.T) {
	folder(t, map[string]string{
		"kustomization.yaml": `resources: [web@2.yaml, "a:b.yaml", team@v1/base]
commonAnnotations: {docs: "https://example.com/o/r"}
configMapGenerator: [{name: c, files: [app.yaml], literals: [url=https://example.com/o/r]}]
`,
		"web@2.yaml":                      named("web"),
		"a:b.yaml":                        named("ab"),
		"team@v1/base/kustomization.yaml": "resources: [c.yaml]\n",
		"team@v1/base/c.yaml":             named("deep"),
		"app.yaml":                        "path: https://example.com/o/r\nresources: [https://example.com/o/r]\n",
	})
	documents, err := (&Sources{Kustomize: "."}).Read(t.Context())
	if err != nil || len(documents) != 4 {
		t.Errorf("%d documents, error %v", len(documents), err)
	}
}

// TestAllowedRemote: git speaks the protocols that it may, and no other.
func TestAllowedRemote(t *testing.T) {
	folder(t, map[string]string{"kustomization.yaml": "resources: ['file:///nowhere/at/all']\n"})
	before, own := os.LookupEnv(gitProtocols)
	t.Setenv(gitProtocols, before) // is put back
	if !own {
		if err := os.Unsetenv(gitProtocols); err != nil {
			t.Fatal(err)
		}
	}
	_, err := (&Sources{Kustomize: ".", AllowRemote: true}).Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "transport 'file' not allowed") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(remoteProtocols, os.Getenv(gitProtocols)); diff != "" && !own {
		t.Errorf("protocols (-want +got):\n%s", diff)
	}
}

func TestShortPath(t *testing.T) {
	folder(t, nil)
	here, err := filepath.EvalSymlinks(".")
	if err != nil {
		t.Fatal(err)
	}
	if here, err = filepath.Abs(here); err != nil {
		t.Fatal(err)
	}
	if got := shortPath(filepath.Join(here, "a", "b.yaml")); got != "a/b.yaml" {
		t.Errorf("below: %s", got)
	}
	if got := shortPath("/elsewhere/b.yaml"); got != "/elsewhere/b.yaml" {
		t.Errorf("elsewhere: %s", got)
	}
}
