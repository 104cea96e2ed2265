package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// istioConfig is what Istio's key config is like, in small.
const istioConfig = `
policy: disabled
neverInjectSelector: [{matchLabels: {theirs: never}}]
templates:
  sidecar: |
    spec:
      containers: [{name: istio-proxy, image: proxy}]
`

func istioParsed(t *testing.T, sources istio.Sources, file ConfigFile) *Config {
	t.Helper()
	sources.Config = []byte(istioConfig)
	config, err := ParseIstio(sources, file)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestParseIstio(t *testing.T) {
	theirs := istioParsed(t, istio.Sources{Revision: "canary"}, ConfigFile{})
	if theirs.Policy().Enabled || len(theirs.Policy().Never) != 1 || theirs.onError != onErrorDeny {
		t.Errorf("policy %+v, onError %q, want the installation's", theirs.Policy(), theirs.onError)
	}
	if got := statusOf(t, theirs, aPod(t))["revision"]; got != "canary" {
		t.Errorf("revision %v, want that of the sources", got)
	}
	file := ConfigFile{Profile: "istio", Policy: "enabled", OnError: "allow", Revision: "own", ExcludedNamespaces: []string{"mine"}, NamespaceLabel: "a=b"}
	ours := istioParsed(t, istio.Sources{Revision: "canary"}, file)
	if !ours.Policy().Enabled || ours.onError != onErrorAllow || ours.Policy().Keys.NamespaceLabel != "a" {
		t.Errorf("policy %+v, onError %q, want the file's", ours.Policy(), ours.onError)
	}
	if got := statusOf(t, ours, aPod(t))["revision"]; got != "own" {
		t.Errorf("revision %v, want that of the file", got)
	}
	want := []string{"kube-system", "kube-public", "kube-node-lease", "mine", "local-path-storage"}
	if diff := cmp.Diff(want, ours.Policy().ExcludedNamespaces); diff != "" {
		t.Errorf("excluded namespaces (-want +got):\n%s", diff)
	}
}

func TestParseIstioErrors(t *testing.T) {
	for name, test := range map[string]struct {
		sources istio.Sources
		file    ConfigFile
		want    string
	}{
		"another profile":           {istio.Sources{Config: []byte(istioConfig)}, ConfigFile{Profile: "envoy"}, `config: profile "envoy" does not take the configuration of Istio, want "istio"`},
		"a source that is no good":  {istio.Sources{Config: []byte("policy: on")}, ConfigFile{}, "read the configuration of Istio: config: policy: got a boolean, want a string"},
		"a default that is missing": {istio.Sources{Config: []byte(istioConfig)}, ConfigFile{DefaultTemplates: []string{"x"}}, `config: defaultTemplates: template "x" does not exist: there are sidecar`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseIstio(test.sources, test.file); err == nil || err.Error() != test.want {
				t.Errorf("error\n got %v\nwant %s", err, test.want)
			}
		})
	}
}

// A pod that istiod has injected is istiod's; one that we have injected has Istio's marks too, and is ours.
func TestDecideBesideIstiod(t *testing.T) {
	policy := istioParsed(t, istio.Sources{}, ConfigFile{Policy: "enabled"}).Policy()
	ours := append([]tweak{annotation(statusKey, "{}")}, istioInjected...)
	for reason, tweaks := range map[Reason][]tweak{ReasonInjectedByOther: istioInjected, ReasonNamespaceLabel: ours} {
		if got := Decide(typed(t, aPod(t, tweaks...)), Namespace{Name: "shop", OptedIn: true}, policy); got.Reason != reason {
			t.Errorf("got %s, want %s", got.Reason, reason)
		}
	}
}

// What stands behind the scope's path reaches the profile.
func TestPathSaysWhereARequestComesFrom(t *testing.T) {
	server := serve(t, Options{Config: istioParsed(t, istio.Sources{}, ConfigFile{Policy: "enabled"})})
	for path, want := range map[string]string{
		"":                              "",
		"/":                             "",
		"/cluster/east/net/a--slash--b": "ISTIO_META_CLUSTER_ID=east ISTIO_META_NETWORK=a/b",
		"/cluster/east/":                "ISTIO_META_CLUSTER_ID=east",
	} {
		pod, _ := server.admitted(t, ScopeNamespace+Scope(path), aPod(t))
		proxy, _ := templates.Pod(pod).Find("istio-proxy")
		var got []string
		env, _ := proxy["env"].([]any)
		for _, variable := range env {
			variable := variable.(map[string]any)
			got = append(got, variable["name"].(string)+"="+variable["value"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: environment %v, want %s", path, got, want)
		}
	}
}

// TestIstiosDurations: a duration in Go's form injects the pod, as Istio does, with a warning that names the field.
func TestIstiosDurations(t *testing.T) {
	config := istioParsed(t, istio.Sources{}, ConfigFile{Policy: "enabled"})
	server := serve(t, Options{Config: config})
	response := server.admit(t, ScopeNamespace, aPod(t, annotation("proxy.istio.io/config", "{terminationDrainDuration: 30s, drainDuration: 1m}")))
	wantWarning(t, response, `annotation "proxy.istio.io/config": drainDuration: "1m" is taken for "60s", as Istio's injector takes it`)
	wantAudit(t, response, "inject", string(ReasonNamespaceLabel), "sidecar")
	response = server.admit(t, ScopeNamespace, aPod(t, annotation("proxy.istio.io/config", "drainDuration: soon")))
	if response.Allowed || !strings.Contains(response.Result.Message, `drainDuration "soon" is not a duration such as 60s`) {
		t.Errorf("%+v", response)
	}
}
