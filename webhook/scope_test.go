package webhook

import "testing"

func TestScopePath(t *testing.T) {
	for scope, want := range map[Scope]string{ScopeNamespace: "/inject/namespace", ScopePod: "/inject/pod"} {
		if got := scope.Path(); got != want {
			t.Errorf("path of %q is %q, want %q: the webhook configuration of the chart has it", scope, got, want)
		}
	}
}

func TestScopeOf(t *testing.T) {
	tests := map[string]struct {
		labels map[string]string
		scope  Scope
		called bool
	}{
		"no labels at all":                 {nil, ScopePod, true},
		"other labels":                     {map[string]string{"team": "shop"}, ScopePod, true},
		"opted in":                         {map[string]string{"istio-injection": "enabled"}, ScopeNamespace, true},
		"opted in, with other labels":      {map[string]string{"istio-injection": "enabled", "team": "shop"}, ScopeNamespace, true},
		"opted out":                        {map[string]string{"istio-injection": "disabled"}, "", false},
		"the label with an empty value":    {map[string]string{"istio-injection": ""}, "", false},
		"the label with another spelling":  {map[string]string{"istio-injection": "Enabled"}, "", false},
		"a label whose key only looks so":  {map[string]string{"istio-injection-x": "enabled"}, ScopePod, true},
		"the label of the pod's own words": {map[string]string{"sidecar.istio.io/inject": "true"}, ScopePod, true},
	}
	config := parsed(t, "", "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if scope, called := config.ScopeOf(test.labels); scope != test.scope || called != test.called {
				t.Errorf("got %q, %v, want %q, %v", scope, called, test.scope, test.called)
			}
		})
	}
}
