package configuration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

const (
	istioConfig = "policy: enabled\ntemplates: {sidecar: 'spec: {containers: [{name: istio-proxy, image: p}]}'}\n"
	injectorMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector}
data:
  config: |
    policy: enabled
    templates: {sidecar: 'spec: {containers: [{name: istio-proxy, image: p}]}'}
  values: '{}'
`
	meshMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio}
data: {mesh: '{}'}
`
)

// TestLoad: from which files a configuration comes, and the error that names the file.
func TestLoad(t *testing.T) {
	cases := map[string]struct {
		config, values, inject string // the texts of files, none if empty
		wantProfile            string
		want                   string // the end of the error
	}{
		"nothing at all":                {wantProfile: "envoy"},
		"a configuration and values":    {config: "policy: disabled", values: "proxy: {logLevel: debug}", wantProfile: "envoy"},
		"an object with nothing in it":  {config: "# nothing yet\n{}", values: "{}", wantProfile: "envoy"},
		"a file with nothing but notes": {config: "# nothing\n", want: "config.yaml: config: there is nothing in it, want an object; {} means the defaults"},
		"what Istio says":               {inject: istioConfig, wantProfile: "istio"},
		"what Istio says, and ours":     {config: "onError: allow", inject: istioConfig, wantProfile: "istio"},
		"a wrong configuration":         {config: "policy: x", want: `config.yaml: config: line 1: policy "x" is not allowed, want one of enabled, disabled`},
		"wrong values":                  {values: "[]", want: "values.yaml: values: is a list, want an object"},
		"ours is of another profile":    {config: "profile: envoy", inject: istioConfig, want: `config.yaml" says "envoy"`},
		"ours says istio alone":         {config: "profile: istio", want: "--istio-namespace of serve where its ConfigMaps are"},
		"ours beside Istio's is wrong":  {config: "polcy: x", inject: istioConfig, want: "podPolicy"},
		"what Istio says is wrong":      {inject: "policy: x\ntemplates: {a: b}", want: `config: line 1: policy "x" is not allowed, want enabled or disabled`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var files Files
			for _, file := range []struct {
				name, text string
				to         *string
			}{{"config.yaml", c.config, &files.Config}, {"values.yaml", c.values, &files.Values}, {"inject.yaml", c.inject, &files.InjectConfig}} {
				if file.text != "" {
					*file.to = write(t, file.name, file.text)
				}
			}
			config, err := files.Load(t.Context(), Overrides{})
			if c.want != "" {
				if err == nil || !strings.HasSuffix(err.Error(), c.want) {
					t.Errorf("error %v, want one that ends in %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Engine().Profile().Name; got != c.wantProfile {
				t.Errorf("profile %q, want %q", got, c.wantProfile)
			}
		})
	}
}

// TestExportedConfigMaps: a directory of them, in one file or several, as a List or alone.
func TestExportedConfigMaps(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"both":               {injectorMap + "---" + meshMap, ""},
		"both in a List":     {"apiVersion: v1\nkind: List\nitems:\n- " + indented(injectorMap) + "\n- " + indented(meshMap), ""},
		"no mesh":            {injectorMap, `no ConfigMap "istio"`},
		"no injector":        {meshMap, `no ConfigMap "istio-sidecar-injector"`},
		"the injector twice": {injectorMap + "---" + injectorMap, `ConfigMap "istio-sidecar-injector" is there twice`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			files := Files{InjectConfig: filepath.Dir(write(t, "maps.yaml", c.text))}
			config, err := files.Load(t.Context(), Overrides{})
			if c.want != "" {
				if err == nil || !strings.HasSuffix(err.Error(), c.want) {
					t.Errorf("error %v, want one that ends in %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Engine().Profile().Name; got != istio.ProfileName {
				t.Errorf("profile %q, want istio", got)
			}
		})
	}
}

func indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

// TestValidate: flags that do not fit each other.
func TestValidate(t *testing.T) {
	directory := t.TempDir()
	cases := map[string]struct {
		files Files
		want  string
	}{
		"nothing":                     {Files{}, ""},
		"Istio's three files":         {Files{InjectConfig: "a", Values: "b", MeshConfig: "c", Revision: "d"}, ""},
		"a directory":                 {Files{InjectConfig: directory, Config: "a", Revision: "d"}, ""},
		"a mesh without injection":    {Files{MeshConfig: "c"}, "--mesh-config and --revision are for --inject-config"},
		"a directory and values":      {Files{InjectConfig: directory, Values: "b"}, "--inject-config is a directory of ConfigMaps: --values and --mesh-config stand in them"},
		"a revision without a source": {Files{Revision: "d"}, "--mesh-config and --revision are for --inject-config"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			got := ""
			if err := c.files.Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestEqual: whether inputs have to be parsed again; those that are equal have one hash.
func TestEqual(t *testing.T) {
	with := func(version string) *Inputs {
		in := &Inputs{Istio: &istio.Sources{Config: []byte("a"), ProxyConfigs: make([]istio.ProxyConfig, 1)}}
		in.Istio.ProxyConfigs[0].ResourceVersion = version
		return in
	}
	cases := map[string]struct {
		a, b *Inputs
		want bool
	}{
		"nothing":                        {&Inputs{}, &Inputs{}, true},
		"another configuration":          {&Inputs{Config: []byte("a")}, &Inputs{Config: []byte("b")}, false},
		"other values":                   {&Inputs{Values: []byte("a")}, &Inputs{Values: []byte("b")}, false},
		"Istio's beside none":            {with("1"), &Inputs{}, false},
		"the same of Istio":              {with("1"), with("1"), true},
		"another version of ProxyConfig": {with("1"), with("2"), false},
		"another text of Istio's":        {with("1"), &Inputs{Istio: &istio.Sources{Config: []byte("b"), ProxyConfigs: with("1").Istio.ProxyConfigs}}, false},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := c.a.Equal(c.b); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := c.a.Hash() == c.b.Hash(); got != c.want || c.a.Hash() == 0 {
				t.Errorf("hashes %d and %d, the same: %v", c.a.Hash(), c.b.Hash(), c.want)
			}
		})
	}
}
