package webhook

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

func TestScopePath(t *testing.T) {
	for scope, want := range map[Scope]string{ScopeNamespace: "/inject/namespace", ScopePod: "/inject/pod"} {
		if got := scope.Path(); got != want {
			t.Errorf("path of %q is %q, want %q: the webhook configuration of the chart has it", scope, got, want)
		}
	}
}

func TestScopeOfPath(t *testing.T) {
	tests := map[string]struct {
		path  string
		scope Scope
		want  map[string]string
		ok    bool
	}{
		"namespaces that opted in": {"/inject/namespace", ScopeNamespace, map[string]string{}, true},
		"pods that ask":            {"/inject/pod", ScopePod, map[string]string{}, true},
		"with a slash behind":      {"/inject/pod/", ScopePod, map[string]string{}, true},
		"with parameters":          {"/inject/pod/cluster/a--slash--b/net/c", ScopePod, map[string]string{"cluster": "a/b", "net": "c"}, true},
		"half a pair":              {"/inject/pod/cluster", ScopePod, nil, false},
		"a path that begins alike": {"/inject/pods", "", nil, false},
		"Istio's path":             {"/inject", "", nil, false},
		"no path":                  {"", "", nil, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			scope, parameters, ok := ScopeOfPath(test.path)
			if scope != test.scope && ok || ok != test.ok {
				t.Errorf("got %q, %v, want %q, %v", scope, ok, test.scope, test.ok)
			}
			if diff := cmp.Diff(test.want, parameters); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// What stands behind the scope's path reaches the profile.
func TestPathSaysWhereARequestComesFrom(t *testing.T) {
	profile := &templates.Profile{
		Keys:             templates.Keys{Status: statusKey},
		DefaultTemplates: []string{"a"},
		Templates:        map[string]string{"a": "{}"},
		Hooks: templates.Hooks{Finish: func(i *templates.Injection) error {
			for key, value := range i.Path {
				i.Pod.Annotations()[key] = value
			}
			return nil
		}},
	}
	config, err := NewConfig(profile, ConfigFile{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, Options{Config: config})
	for path, want := range map[string]map[string]any{
		"":                              nil,
		"/":                             nil,
		"/cluster/east/net/a--slash--b": {"cluster": "east", "net": "a/b"},
		"/cluster/east/":                {"cluster": "east"},
	} {
		pod, _ := server.admitted(t, ScopeNamespace+Scope(path), aPod(t))
		annotations := templates.Pod(pod).Annotations()
		maps.DeleteFunc(annotations, func(key string, _ any) bool { return key == statusKey })
		if diff := cmp.Diff(want, annotations, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: annotations (-want +got):\n%s", path, diff)
		}
	}
}
