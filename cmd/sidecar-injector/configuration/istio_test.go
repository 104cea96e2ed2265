package configuration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// theirConfig is what Istio's key config is like, in small.
const theirConfig = `
policy: disabled
neverInjectSelector: [{matchLabels: {theirs: never}}]
templates:
  sidecar: |
    spec:
      containers: [{name: istio-proxy, image: proxy}]
`

// ofIstio returns the configuration that the injector's own part makes of Istio's.
func ofIstio(t *testing.T, config string) *webhook.Config {
	t.Helper()
	in := &Inputs{Config: []byte("profile: istio\n" + config), Istio: &istio.Sources{Config: []byte(theirConfig), Revision: "canary"}}
	parsed, err := in.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOursOverIstios(t *testing.T) {
	theirs := ofIstio(t, "")
	if theirs.Policy().Enabled || len(theirs.Policy().Never) != 1 || theirs.Engine().Revision() != "canary" {
		t.Errorf("policy %+v, revision %q, want the installation's", theirs.Policy(), theirs.Engine().Revision())
	}
	ours := ofIstio(t, "policy: enabled\nrevision: own\nexcludedNamespaces: [mine]\nnamespaceLabel: a=b\nneverInjectSelector: [{matchLabels: {a: b}}, {matchLabels: {c: d}}]")
	if !ours.Policy().Enabled || ours.Policy().Keys.NamespaceLabel != "a" || ours.Engine().Revision() != "own" || len(ours.Policy().Never) != 2 {
		t.Errorf("policy %+v, revision %q, want the file's", ours.Policy(), ours.Engine().Revision())
	}
	want := []string{"kube-system", "kube-public", "kube-node-lease", "mine", "local-path-storage"}
	if diff := cmp.Diff(want, ours.Policy().ExcludedNamespaces); diff != "" {
		t.Errorf("excluded namespaces (-want +got):\n%s", diff)
	}
}

// TestInputErrors: an error says on which line the field was written, also where something was laid over it.
func TestInputErrors(t *testing.T) {
	of := func(values string) *istio.Sources {
		return &istio.Sources{Config: []byte(theirConfig), Values: []byte(values)}
	}
	cases := map[string]struct {
		in   Inputs
		over Overrides
		want string
	}{
		"a source that is no good":     {Inputs{Config: []byte("profile: istio"), Istio: &istio.Sources{Config: []byte("# theirs\npolicy: on")}}, Overrides{}, "read the configuration of Istio: config: line 2: policy: got a boolean, want a string"},
		"a default that is missing":    {Inputs{Config: []byte("profile: istio\ndefaultTemplates: [x]"), Istio: of("")}, Overrides{}, `config: line 2: defaultTemplates: template "x" does not exist: there are sidecar`},
		"no installation":              {Inputs{Config: []byte("# mine\nprofile: istio")}, Overrides{}, "config: line 2: profile istio needs what an Istio installation says: --inject-config names its files, --istio-namespace of serve where its ConfigMaps are"},
		"values that have no effect":   {Inputs{Config: []byte("profile: istio"), Values: []byte("a: b"), Istio: of("")}, Overrides{}, "values: with the profile istio they stand in Istio's own ConfigMap"},
		"a value beside that of --set": {Inputs{Values: []byte("# mine\nproxy:\n  uid: many\n")}, Overrides{Set: []string{"proxy.gid=3"}}, `values: line 3: value "proxy.uid" is a string, want an integer`},
		"the value of --set":           {Inputs{Values: []byte("# mine\nproxy:\n  uid: 1\n")}, Overrides{Set: []string{"proxy.gid=many"}}, `values: value "proxy.gid" is a string, want an integer`},
		"their ConfigMap cut off":      {Inputs{Config: []byte("profile: istio"), Istio: new(istio.FromConfigMaps(map[string]string{"config": theirConfig}, nil))}, Overrides{}, `read the configuration of Istio: values: the ConfigMap has no key "values", want config and values`},
		"their ConfigMap without keys": {Inputs{Config: []byte("profile: istio"), Istio: new(istio.FromConfigMaps(nil, nil))}, Overrides{}, `read the configuration of Istio: config: the ConfigMap has no key "config", want config and values`},
		"values that are none":         {Inputs{Values: []byte("- a\n")}, Overrides{Set: []string{"proxy.gid=3"}}, "values: is a list, want an object"},
		"a value that stands twice":    {Inputs{Values: []byte("proxy: {}\nproxy: {}\n")}, Overrides{Set: []string{"proxy.gid=3"}}, `values: line 2: key "proxy" already set in map`},
		"a value of Istio's":           {Inputs{Config: []byte("profile: istio"), Istio: of("# theirs\nglobal: {hub: 1}")}, Overrides{Set: []string{"global.tag=a"}}, "read the configuration of Istio: values: line 2: global.hub: got a number, want a string"},
		"a field beside a template":    {Inputs{Config: []byte("# mine\npolicy: perhaps\n")}, Overrides{Templates: []string{write(t, "team.yaml", "{}")}}, `config: line 2: policy "perhaps" is not allowed, want one of enabled, disabled`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if _, err := c.over.Apply(&c.in); err == nil || err.Error() != c.want {
				t.Errorf("error\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

// A pod that istiod has injected is istiod's; one that we have injected has Istio's marks too, and is ours.
func TestDecideBesideIstiod(t *testing.T) {
	config := ofIstio(t, "policy: enabled")
	for reason, annotations := range map[webhook.Reason]map[string]string{
		webhook.ReasonInjectedByOther: {"sidecar.istio.io/status": "{}"},
		webhook.ReasonNamespaceLabel:  {"sidecar.istio.io/status": "{}", config.Policy().Keys.Status: "{}"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "istio-proxy"}}}}
		if got := webhook.Decide(pod, webhook.Namespace{Name: "shop", OptedIn: true}, config.Policy()); got.Reason != reason {
			t.Errorf("got %s, want %s", got.Reason, reason)
		}
	}
}

// TestIstiosDurations: a duration in Go's form injects the pod, as Istio does, with a warning that names the field.
func TestIstiosDurations(t *testing.T) {
	pod := func(duration string) map[string]any {
		return map[string]any{
			"metadata": map[string]any{"name": "p", "annotations": map[string]any{"proxy.istio.io/config": "drainDuration: " + duration}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app"}}},
		}
	}
	engine := ofIstio(t, "policy: enabled\ndefaultTemplates: [sidecar]").Engine()
	result, err := engine.Inject(templates.Input{Pod: pod("1m"), Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`annotation "proxy.istio.io/config": drainDuration: "1m" is taken for "60s", as Istio's injector takes it: want a number of seconds such as "60s"`}
	if diff := cmp.Diff(want, result.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if _, err := engine.Inject(templates.Input{Pod: pod("soon")}); err == nil || !strings.Contains(err.Error(), `drainDuration "soon" is not a duration such as 60s`) {
		t.Errorf("got %v, want an error that names the field", err)
	}
}
