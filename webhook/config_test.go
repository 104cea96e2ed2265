package webhook

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

func TestParseDefaults(t *testing.T) {
	for name, config := range map[string]string{
		"none":                  "",
		"an empty object":       "{}",
		"beside a comment":      "# nothing yet\n{}",
		"every field empty":     "{profile: '', policy: '', onError: '', revision: '', templates: {}, defaultTemplates: [], aliases: {}, neverInjectSelector: [], alwaysInjectSelector: [], excludedNamespaces: []}",
		"every default written": "{profile: envoy, policy: enabled, onError: deny, revision: default, defaultTemplates: [envoy]}",
	} {
		t.Run(name, func(t *testing.T) {
			c := parsed(t, config, "")
			profile, err := templates.BuiltinProfile("envoy")
			if err != nil {
				t.Fatal(err)
			}
			want := &Policy{
				Keys:               profile.Keys,
				OtherInjectors:     profile.OtherInjectors,
				Enabled:            true,
				Revisions:          []string{DefaultRevision},
				ExcludedNamespaces: []string{"kube-system", "kube-public", "kube-node-lease"},
			}
			if diff := cmp.Diff(want, c.Policy()); diff != "" {
				t.Errorf("policy (-want +got):\n%s", diff)
			}
			if c.onError != onErrorDeny {
				t.Errorf("onError is %q, want deny", c.onError)
			}
			wantTemplates(t, c, nil, "envoy")
			if status := statusOf(t, c, aPod(t)); status["revision"] != "default" {
				t.Errorf("revision is %v, want default", status["revision"])
			}
		})
	}
}

// TestParseFields sets each field of the configuration to something else and looks where it shows.
func TestParseFields(t *testing.T) {
	const two = "templates: {team: 'metadata: {labels: {team: shop}}', node: 'spec: {nodeSelector: {disk: ssd}}'}\n"
	tests := map[string]struct {
		config, values string
		check          func(t *testing.T, c *Config)
	}{
		"profile": {"profile: envoy", "", func(t *testing.T, c *Config) {
			if got := c.Engine().Profile().Name; got != "envoy" {
				t.Errorf("profile %q", got)
			}
		}},
		"policy": {"policy: disabled", "", func(t *testing.T, c *Config) {
			if c.Policy().Enabled {
				t.Error("the policy is enabled")
			}
		}},
		"namespaceLabel": {"namespaceLabel: example.com/mesh=on", "", func(t *testing.T, c *Config) {
			if keys := c.Policy().Keys; keys.NamespaceLabel != "example.com/mesh" || keys.NamespaceLabelValue != "on" {
				t.Errorf("keys %+v", keys)
			}
		}},
		"onError": {"onError: allow", "", func(t *testing.T, c *Config) {
			if c.onError != onErrorAllow {
				t.Errorf("onError %q", c.onError)
			}
		}},
		"revision": {"revision: canary", "", func(t *testing.T, c *Config) {
			if got := statusOf(t, c, aPod(t))["revision"]; got != "canary" {
				t.Errorf("revision %v", got)
			}
		}},
		"templates, used by the pods that name them": {two, "", func(t *testing.T, c *Config) {
			wantTemplates(t, c, nil, "envoy")
			wantTemplates(t, c, map[string]string{"inject.istio.io/templates": "envoy, team"}, "envoy", "team")
		}},
		"defaultTemplates": {two + "defaultTemplates: [team, node]", "", func(t *testing.T, c *Config) {
			wantTemplates(t, c, nil, "team", "node")
		}},
		"aliases": {two + "aliases: {all: [envoy, node]}", "", func(t *testing.T, c *Config) {
			wantTemplates(t, c, map[string]string{"inject.istio.io/templates": "all"}, "envoy", "node")
		}},
		"neverInjectSelector": {"neverInjectSelector: [{matchLabels: {a: b}}, {matchExpressions: [{key: c, operator: NotIn, values: [d]}]}]", "", func(t *testing.T, c *Config) {
			if got := []string{c.Policy().Never[0].String(), c.Policy().Never[1].String()}; got[0] != "a=b" || got[1] != "c notin (d)" {
				t.Errorf("selectors %q", got)
			}
		}},
		"alwaysInjectSelector": {"alwaysInjectSelector: [{matchExpressions: [{key: a, operator: Exists}]}]", "", func(t *testing.T, c *Config) {
			if got := c.Policy().Always[0].String(); got != "a" {
				t.Errorf("selector %q", got)
			}
		}},
		"excludedNamespaces": {"excludedNamespaces: [fenced]", "", func(t *testing.T, c *Config) {
			want := []string{"kube-system", "kube-public", "kube-node-lease", "fenced"}
			if diff := cmp.Diff(want, c.Policy().ExcludedNamespaces); diff != "" {
				t.Errorf("excluded namespaces (-want +got):\n%s", diff)
			}
		}},
		"values": {"", "proxy: {image: example.com/proxy:1, resources: {limits: {example.com/fast: 1}}}", func(t *testing.T, c *Config) {
			proxy := injectedWith(t, c, aPod(t))["spec"].(map[string]any)["initContainers"].([]any)[1].(map[string]any)
			limits := proxy["resources"].(map[string]any)["limits"].(map[string]any)
			if proxy["image"] != "example.com/proxy:1" || limits["example.com/fast"] == nil || limits["cpu"] != "2" {
				t.Errorf("proxy image %v, limits %v", proxy["image"], limits)
			}
		}},
		"JSON is YAML as well": {`{"policy":"disabled"}`, `{"nativeSidecars":false}`, func(t *testing.T, c *Config) {
			if got := containerNames(injectedWith(t, c, aPod(t)), "containers"); c.Policy().Enabled || len(got) != 2 {
				t.Errorf("policy enabled: %v, containers %q", c.Policy().Enabled, got)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test.check(t, parsed(t, test.config, test.values)) })
	}
}

// TestParseErrors asserts that each error names the field (or the line) and what is allowed there, on one line.
func TestParseErrors(t *testing.T) {
	profiles, err := templates.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	builtin := strings.Join(profiles, ", ")
	const fields = "want one of apiVersion, kind, profile, policy, default, everyPod, namespaceLabel, onError, markSkipped, revision, revisionTags, templates, defaultTemplates, aliases, neverInjectSelector, alwaysInjectSelector, excludedNamespaces, allowedNamespaces, podPolicy"
	tests := map[string]struct {
		config, values string
		want           string
	}{
		"another version of the form":               {"apiVersion: sidecar-injector.github.io/v9\nkind: InjectionConfiguration", "", `config: line 1: apiVersion "sidecar-injector.github.io/v9" is not allowed, want one of sidecar-injector.github.io/v1alpha1`},
		"another kind":                              {"kind: ConfigMap", "", `config: line 1: kind "ConfigMap" is not allowed, want one of InjectionConfiguration`},
		"a namespace label without a value":         {"namespaceLabel: mesh", "", `config: line 1: namespaceLabel "mesh" is not allowed, want one label as key=value`},
		"two namespace labels":                      {"namespaceLabel: 'a=b,c=d'", "", `config: line 1: namespaceLabel "a=b,c=d" is not allowed, want one label as key=value`},
		"a namespace label that is none":            {"namespaceLabel: 'a b=c'", "", `config: line 1: namespaceLabel "a b=c" is not allowed, want one label as key=value`},
		"the profile istio without Istio":           {"profile: istio", "", `config: line 1: profile: unknown profile "istio", want one of ` + builtin},
		"blanks alone":                              {" \n", "", "config: there is nothing in it, want an object; {} means the defaults"},
		"null":                                      {"null", "", "config: there is nothing in it, want an object; {} means the defaults"},
		"comments alone":                            {"# policy: disabled\n", "", "config: there is nothing in it, want an object; {} means the defaults"},
		"comments alone, for the values":            {"", "# proxy: {}\n", "values: there is nothing in it, want an object; {} means the defaults"},
		"two documents":                             {"policy: disabled\n---\nonError: allow", "", "config: there is more than one document, want one"},
		"two documents of values":                   {"", "proxy: {}\n---\nproxy: {}", "values: there is more than one document, want one"},
		"a field cut off behind its name":           {"policy: disabled\nexcludedNamespaces:", "", "config: line 2: excludedNamespaces is null: leave it out, or give it a value"},
		"a selector cut off":                        {"neverInjectSelector:\n- matchLabels:", "", "config: line 2: neverInjectSelector[0].matchLabels is null: leave it out, or give it a value"},
		"a template cut off behind its name":        {"templates:\n  mine:", "", "config: line 2: templates.mine is null: leave it out, or give it a value"},
		"a name cut off":                            {"policy: disabled\nonErr", "", "config: line 3: could not find expected ':'"},
		"values cut off behind a name":              {"", "proxy:", `values: line 1: value "proxy" is null, want an object`},
		"an unknown field":                          {"polcy: enabled", "", `config: line 1: unknown field "polcy" (did you mean "policy"?), ` + fields},
		"a field in another spelling":               {"Policy: disabled", "", `config: line 1: unknown field "Policy" (did you mean "policy"?), ` + fields},
		"a number for a field's name":               {"1: 2", "", `config: line 1: unknown field "1", ` + fields},
		"an unknown field of a selector":            {"neverInjectSelector: [{matchLabel: {a: b}}]", "", `config: line 1: unknown field "neverInjectSelector[0].matchLabel" (did you mean "matchLabels"?), want one of matchLabels, matchExpressions`},
		"an unknown field of an expression":         {"alwaysInjectSelector: [{matchExpressions: [{kee: a}]}]", "", `config: line 1: unknown field "alwaysInjectSelector[0].matchExpressions[0].kee" (did you mean "key"?), want one of key, operator, values`},
		"a list for the whole":                      {"- policy", "", "config: got a list, want an object"},
		"a string for the whole":                    {"enabled", "", "config: got a string, want an object"},
		"a list for a string":                       {"policy: [enabled]", "", "config: line 1: policy: got a list, want a string"},
		"a boolean for a string":                    {"policy: on", "", "config: line 1: policy: got a boolean, want a string"},
		"a number for a string":                     {"revision: 1", "", "config: line 1: revision: got a number, want a string"},
		"a string for a list":                       {"excludedNamespaces: fenced", "", "config: line 1: excludedNamespaces: got a string, want a list"},
		"an object for a list":                      {"neverInjectSelector: {matchLabels: {a: b}}", "", "config: line 1: neverInjectSelector: got an object, want a list"},
		"a list for an object":                      {"templates: [a]", "", "config: line 1: templates: got a list, want an object"},
		"a number for a template":                   {"templates: {a: 1}", "", "config: line 1: templates: got a number, want a string"},
		"a string for an alias's list":              {"aliases: {a: b}", "", "config: line 1: aliases: got a string, want a list"},
		"a bad policy":                              {"policy: always", "", `config: line 1: policy "always" is not allowed, want one of enabled, disabled`},
		"a bad onError":                             {"onError: ignore", "", `config: line 1: onError "ignore" is not allowed, want one of deny, allow`},
		"a bad profile":                             {"profile: kuma", "", `config: line 1: profile: unknown profile "kuma", want one of ` + builtin},
		"a profile that is a path":                  {"profile: envoy/templates", "", `config: line 1: profile: unknown profile "envoy/templates", want one of ` + builtin},
		"an empty selector":                         {"neverInjectSelector: [{matchLabels: {a: b}}, {}]", "", "config: line 1: neverInjectSelector[1] is empty and would match every pod, want matchLabels or matchExpressions"},
		"a selector that is null":                   {"alwaysInjectSelector: [null]", "", "config: line 1: alwaysInjectSelector[0] is null: leave it out, or give it a value"},
		"a selector with a bad operator":            {"neverInjectSelector: [{matchExpressions: [{key: a, operator: Is}]}]", "", `config: line 1: neverInjectSelector[0]: operator "Is" is not allowed, want one of In, NotIn, Exists, DoesNotExist`},
		"a selector with no operator":               {"neverInjectSelector: [{matchExpressions: [{key: a}]}]", "", `config: neverInjectSelector[0]: operator "" is not allowed, want one of In, NotIn, Exists, DoesNotExist`},
		"a selector with no values":                 {"neverInjectSelector: [{matchExpressions: [{key: a, operator: In}]}]", "", "config: line 1: neverInjectSelector[0]: values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"},
		"a selector with a bad key":                 {"alwaysInjectSelector: [{matchLabels: {'a b': c}}]", "", `config: line 1: alwaysInjectSelector[0]: key: Invalid value: "a b": name part must consist of …`},
		"a selector with a bad value":               {"alwaysInjectSelector: [{matchLabels: {a: 'b c'}}]", "", `config: line 1: alwaysInjectSelector[0]: values[0][a]: Invalid value: "b c": a valid label must be …`},
		"a default template that does not exist":    {"defaultTemplates: [nope]", "", `config: line 1: defaultTemplates: template "nope" does not exist: there are envoy`},
		"a default template that does not parse":    {"templates: {mine: \"a: b\\n{{ if }}\"}\ndefaultTemplates: [mine]", "", `config: line 1: defaultTemplates: template "mine" did not load: line 2: missing value for if`},
		"the profile's template, replaced by a bad": {"templates: {envoy: '{{ nope }}'}", "", `config: line 1: defaultTemplates: template "envoy" did not load: line 1: function "nope" not defined`},
		"an alias for a template that is bad":       {"templates: {mine: '{{'}\naliases: {all: [envoy, mine]}", "", `config: line 1: aliases.all: template "mine" did not load: line 1: unclosed action`},
		"an alias for nothing":                      {"aliases: {all: []}", "", `config: line 1: aliases.all: no template is named`},
		"an alias for what does not exist":          {"aliases: {all: [envoy, nope]}", "", `config: line 1: aliases.all: template "nope" does not exist: there are all, envoy`},
		"an alias for itself":                       {"aliases: {all: [all]}", "", `config: line 1: aliases.all: template "all" does not exist: there are all, envoy`},
		"a key that stands twice":                   {"policy: enabled\npolicy: disabled", "", `config: line 2: key "policy" already set in map`},
		"a template that stands twice":              {"templates:\n  a: x\n  b: x\n  a: y", "", `config: line 4: key "a" already set in map`},
		"broken YAML, with its line":                {"policy: enabled\nonError: deny\nrevision: {a", "", "config: line 3: did not find expected ',' or '}'"},
		"YAML with a tab":                           {"templates:\n\ta: b", "", "config: line 2: found character that cannot start any token"},
		"YAML with an unknown anchor":               {"templates: *x", "", "config: unknown anchor 'x' referenced"},
		"an unknown value":                          {"", "proxi: {}", `values: line 1: value "proxi" is not known (did you mean "proxy"?): allowed here are accessLog, capture, circuitBreakers, http, imagePullSecrets, init, metrics, nativeSidecars, outlierDetection, proxy, timeouts, tracing`},
		"an unknown value further down":             {"", "proxy: {imag: x}", `values: line 1: value "proxy.imag" is not known (did you mean "image"?): allowed here are concurrency, drainSeconds, gid, holdApplication, image, imagePullPolicy, ipv6, logLevel, readinessProbe, resources, startupProbe, uid`},
		"a value of another type":                   {"", "proxy: {image: 7}", `values: line 1: value "proxy.image" is an integer, want a string`},
		"a boolean value that is a string":          {"", "nativeSidecars: 'yes'", `values: line 1: value "nativeSidecars" is a string, want a boolean`},
		"a list for the values":                     {"", "- a", "values: is a list, want an object"},
		"a string for the values":                   {"", "a", "values: is a string, want an object"},
		"a value that stands twice":                 {"", "proxy:\n  image: a\n  image: b", `values: line 3: key "image" already set in map`},
		"a bad image of the pods' policy":           {"podPolicy:\n  allowedImages: [ghcr.io, envoy]", "", `config: line 2: podPolicy.allowedImages[1]: "envoy" is not allowed: want a registry and as much of a path as …`},
		"an unknown setting of the pods' policy":    {"podPolicy:\n  allowedImage: [ghcr.io]", "", `config: line 2: unknown field "podPolicy.allowedImage" (did you mean "allowedImages"?), want one of allowedImages, allowedInterceptionModes, allowedAnnotations, privilegedContainers`},
		"broken YAML in the values":                 {"", "proxy:\n  image: [a\n", "values: line 2: did not find expected ',' or ']'"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := Parse([]byte(test.config), []byte(test.values))
			if err == nil {
				t.Fatal("no error")
			}
			if c != nil {
				t.Error("a configuration beside the error")
			}
			if _, refused := refusedBySchemas(t, test.config, test.values); !refused && seenBySchemas(err) {
				t.Error("the schemas refuse nothing")
			}
			// "…" stands for what apimachinery goes on to say.
			want, long := strings.CutSuffix(test.want, "…")
			got := err.Error()
			if got != want && (!long || !strings.HasPrefix(got, want)) {
				t.Errorf("error\n  got  %s\n  want %s", err, test.want)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error has a line break: %q", err)
			}
		})
	}
}

// TestConfigError: what an error says in its text, it says as data too.
func TestConfigError(t *testing.T) {
	cases := map[string]struct {
		config, values string
		want           ConfigError
	}{
		"an unknown field":             {"policy: enabled\nonEror: deny", "", ConfigError{Source: SourceConfig, Path: "onEror", Line: 2, Suggestion: "onError"}},
		"a key that stands twice":      {"policy: enabled\npolicy: disabled", "", ConfigError{Source: SourceConfig, Path: "policy", Line: 2}},
		"a value of a wrong type":      {"# no word yet\n---\n\naliases:\n  all: envoy", "", ConfigError{Source: SourceConfig, Path: "aliases", Line: 4}},
		"a value that is not allowed":  {"onError: allow\npolicy: perhaps", "", ConfigError{Source: SourceConfig, Path: "policy", Line: 2}},
		"an operator":                  {"neverInjectSelector:\n- matchExpressions:\n  - {key: a, operator: In, values: [b]}\n  - {key: a,\n     operator: Is}", "", ConfigError{Source: SourceConfig, Path: "neverInjectSelector[0].matchExpressions[1].operator", Line: 5}},
		"an empty selector":            {"alwaysInjectSelector:\n- matchLabels: {a: b}\n- {}", "", ConfigError{Source: SourceConfig, Path: "alwaysInjectSelector[1]", Line: 3}},
		"no YAML":                      {"policy: enabled\nonError: [", "", ConfigError{Source: SourceConfig, Line: 2}},
		"a template that is not there": {"policy: enabled\ndefaultTemplates: [none]", "", ConfigError{Source: SourceConfig, Path: "defaultTemplates", Line: 2}},
		"a template that is broken":    {"policy: enabled\ntemplates:\n  x: |\n    {{ if }}\naliases: {all: [x]}", "", ConfigError{Source: SourceConfig, Path: "templates.x", Line: 3}},
		"an alias of a name with dots": {"aliases:\n  a: [envoy]\n  a.b: [none]", "", ConfigError{Source: SourceConfig, Path: "aliases.a.b", Line: 3}},
		"an unknown value":             {"policy: enabled", "proxy:\n  imag: x", ConfigError{Source: SourceValues, Path: "proxy.imag", Line: 2, Suggestion: "image"}},
		"a value that stands twice":    {"", "proxy:\n  image: a\n  image: b", ConfigError{Source: SourceValues, Path: "proxy.image", Line: 3}},
		"values that are a list":       {"", "- a", ConfigError{Source: SourceValues}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.config), []byte(test.values))
			got, ok := errors.AsType[*ConfigError](err)
			if !ok {
				t.Fatalf("%T: %v", err, err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreFields(ConfigError{}, "Err")); diff != "" {
				t.Errorf("error (-want +got):\n%s%s", diff, err)
			}
		})
	}
}

func TestNewConfigOfAProfile(t *testing.T) {
	profile := &templates.Profile{Name: "ours", DefaultTemplates: []string{"a"}, Templates: map[string]string{"a": "{}"}}
	for _, named := range []string{"", "ours"} {
		c, err := NewConfig(profile, ConfigFile{Profile: named}, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantTemplates(t, c, nil, "a")
	}
	_, err := NewConfig(profile, ConfigFile{Profile: "envoy"}, nil)
	if want := `config: profile "envoy" is another one than is given, want "ours"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestParseQuarantinesATemplateThatNobodyUses(t *testing.T) {
	c := parsed(t, "templates: {broken: '{{ if }}', mine: '{}'}\naliases: {all: [envoy, mine]}", "")
	wantTemplates(t, c, nil, "envoy")
	if reason := c.Engine().Quarantined()["broken"]; reason == nil || !strings.Contains(reason.Error(), "missing value for if") {
		t.Errorf("reason of the quarantine: %v", reason)
	}
	_, err := c.Engine().TemplatesOf(map[string]string{"inject.istio.io/templates": "broken"})
	if err == nil || !strings.Contains(err.Error(), `template "broken" did not load`) {
		t.Errorf("a pod that names the template: error %v", err)
	}
}

func TestNewConfigDoesNotChangeItsArguments(t *testing.T) {
	spare := make([]string, 1, 8) // with room, into which an append would write
	spare[0] = "fenced"
	file := ConfigFile{ExcludedNamespaces: spare, AlwaysInjectSelector: []metav1.LabelSelector{{MatchLabels: map[string]string{"a": "b"}}}}
	if _, err := NewConfig(nil, file, map[string]any{"nativeSidecars": false}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"fenced", "", ""}, spare[:3]); diff != "" {
		t.Errorf("excluded namespaces (-want +got):\n%s", diff)
	}
	if _, err := NewConfig(nil, ConfigFile{}, nil); err != nil {
		t.Errorf("the zero value with no values: %v", err)
	}
}

func wantTemplates(t *testing.T, c *Config, annotations map[string]string, want ...string) {
	t.Helper()
	got, err := c.Engine().TemplatesOf(annotations)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("templates (-want +got):\n%s", diff)
	}
}

// injectedWith returns the pod as a configuration's engine injects it.
func injectedWith(t *testing.T, c *Config, pod map[string]any) map[string]any {
	t.Helper()
	result, err := c.Engine().Inject(templates.Input{Pod: pod})
	if err != nil {
		t.Fatal(err)
	}
	return result.Pod
}

func statusOf(t *testing.T, c *Config, pod map[string]any) map[string]any {
	t.Helper()
	return decode(t, []byte(injectedWith(t, c, pod)["metadata"].(map[string]any)["annotations"].(map[string]any)[statusKey].(string)))
}
