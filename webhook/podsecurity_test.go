package webhook

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Tweaks of the minimal pod with regard to Pod Security: as it is, it keeps the level baseline.
var (
	restricted = inFirstContainer("securityContext", map[string]any{
		"allowPrivilegeEscalation": false, "runAsNonRoot": true,
		"capabilities":   map[string]any{"drop": []any{"ALL"}},
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	})
	privileged = inFirstContainer("securityContext", map[string]any{"privileged": true})
	noCapture  = annotation("sidecar.istio.io/interceptionMode", "NONE")
)

func TestHandlerWarnsOfPodSecurity(t *testing.T) {
	enforce := func(level string) map[string]string {
		return map[string]string{"pod-security.kubernetes.io/enforce": level}
	}
	const initContainer = `capabilities (container "sidecar-init" must not include "NET_ADMIN" in securityContext.capabilities.add)`
	tests := map[string]struct {
		labels map[string]string
		pod    []tweak
		want   string // part of the warning; empty for none
	}{
		"baseline":                                {enforce("baseline"), nil, `namespace "shop" enforces Pod Security "baseline:latest", which the injected pod violates: non-default ` + initContainer},
		"baseline, of a version":                  {map[string]string{"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30"}, nil, `"baseline:v1.30"`},
		"restricted":                              {enforce("restricted"), []tweak{restricted}, `enforces Pod Security "restricted:latest"`},
		"restricted says what can be done":        {enforce("restricted"), []tweak{restricted}, "Either the namespace enforces a level that allows this"},
		"baseline, without capture":               {enforce("baseline"), []tweak{noCapture}, ""},
		"restricted, without capture":             {enforce("restricted"), []tweak{restricted, noCapture}, ""},
		"privileged":                              {enforce("privileged"), nil, ""},
		"no level":                                {nil, nil, ""},
		"no level, but a version":                 {map[string]string{"pod-security.kubernetes.io/enforce-version": "latest"}, nil, ""},
		"a level that does not exist":             {enforce("strict"), nil, ""},
		"a level of warnings and audits only":     {map[string]string{"pod-security.kubernetes.io/warn": "restricted", "pod-security.kubernetes.io/audit": "restricted"}, nil, ""},
		"baseline, the pod itself violates it":    {enforce("baseline"), []tweak{privileged}, ""},
		"restricted, the pod itself violates it":  {enforce("restricted"), nil, ""},
		"baseline, the pod is not injected":       {enforce("baseline"), []tweak{annotateInject("false")}, ""},
		"baseline, with a sidecar of the classic": {enforce("baseline"), []tweak{annotation("sidecar.istio.io/nativeSidecar", "false")}, `violates`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			known := namespaces{"shop": &metav1.ObjectMeta{Name: "shop", Labels: test.labels}}
			_, response := serve(t, Options{Config: parsed(t, "", ""), Namespaces: known}).admitted(t, ScopeNamespace, aPod(t, test.pod...))
			wantWarning(t, response, test.want)
		})
	}
}
