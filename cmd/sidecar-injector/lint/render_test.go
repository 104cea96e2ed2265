package lint

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
)

const slow = "{{ range 30000000 }}{{ end }}\n"

// TestTooSlow: a template that does not end is told of with its place, and tried on no other pod.
func TestTooSlow(t *testing.T) {
	sources := Sources{Over: configuration.Overrides{Templates: []string{write(t, "envoy.yaml", slow)}}}
	findings, err := Run(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 1 || findings[0].Rule != ruleTooSlow || findings[0].Line != 1 ||
		findings[0].Message != "a minimal pod: {{range 30000000}}: the template takes too many steps: does a range have an end?" {
		t.Errorf("found %+v", findings)
	}
}

// TestInterrupted: what is interrupted ends, though the template does not.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sources := Sources{Over: configuration.Overrides{Templates: []string{write(t, "envoy.yaml", slow)}}}
	if _, err := Run(ctx, sources); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

// TestTargets: templates that are not applied by default are tried too, as pods name them.
func TestTargets(t *testing.T) {
	const fails = `spec: {containers: [{name: x, image: "{{ fail "no" }}"}]}`
	cases := map[string]struct {
		config string
		want   []string // severity and message of each, but for notes
	}{
		"one that no default uses": {
			"templates: {other: '" + fails + "'}",
			[]string{`warning a minimal pod that names the template "other": {{fail "no"}}: error calling fail: no`},
		},
		"one that an alias uses": {
			"templates: {other: '" + fails + "'}\naliases: {both: [envoy, other]}",
			[]string{`error a minimal pod that names the template "both": {{fail "no"}}: error calling fail: no`},
		},
		"one that is all right": {
			"templates: {other: 'spec: {containers: [{name: x, image: x}]}'}", nil,
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			findings, err := Run(t.Context(), Sources{Files: configuration.Files{Config: write(t, "config.yaml", c.config)}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, finding := range findings {
				if finding.Severity != Note {
					got = append(got, string(finding.Severity)+" "+finding.Message)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestIstio: templates of Istio's that are for its gateway controller are no more than a note, and none of Istio's values
// is called unused.
func TestIstio(t *testing.T) {
	sources := Sources{Files: configuration.Files{
		InjectConfig: write(t, "inject.yaml", `policy: enabled
templates:
  sidecar: |
    spec: {containers: [{name: istio-proxy, image: p}], volumes: [{name: socket}]}
  waypoint: |
    metadata: {name: {{ .ServiceAccount }}}
`),
		Values: write(t, "values.yaml", "global: {hub: x}"),
	}}
	findings, err := Run(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Severity != Note {
			t.Errorf("found %+v, want notes alone", finding)
		}
	}
	if len(findings) != 3 || findings[0].Rule != "pod-security" || !strings.Contains(findings[1].Message, "can't evaluate field ServiceAccount") || findings[1].Line != 6 {
		t.Errorf("found %+v, want one about Pod Security and one about the template waypoint on line 6", findings)
	}
	want := Finding{
		Rule: "pod-policy", Severity: Note, File: "profile/istio", Remedy: "close it with podPolicy in the configuration, if not all who create pods are trusted (docs/security.md)",
		Message: "pods may choose what runs in containers to which the templates give capabilities (privilegedContainers); any image (allowedImages); TPROXY, for which the proxy is root with NET_ADMIN (allowedInterceptionModes); all of inject.istio.io/*, sidecar.istio.io/*, traffic.sidecar.istio.io/*, proxy.istio.io/*, status.sidecar.istio.io/*, readiness.status.sidecar.istio.io/*, prometheus.istio.io/*, istio.io/reroute-virtual-interfaces, apm.datadoghq.com/env (allowedAnnotations)",
	}
	if diff := cmp.Diff(want, findings[len(findings)-1]); diff != "" {
		t.Errorf("what pods may choose (-want +got):\n%s", diff)
	}
}

// TestOpen: where the policy stands in a file, what it leaves open has its place there; what is protected is no finding.
func TestOpen(t *testing.T) {
	for text, want := range map[string]string{
		"revision: a\npodPolicy: {privilegedContainers: open, allowedImages: [], allowedInterceptionModes: [REDIRECT], allowedAnnotations: []}": "2:1 pods may choose what runs in containers to which the templates give capabilities (privilegedContainers)",
		"podPolicy: {allowedImages: [ghcr.io]}": "",
	} {
		findings, err := Run(t.Context(), Sources{Files: configuration.Files{Config: write(t, "config.yaml", text)}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, finding := range findings {
			if finding.Rule == "pod-policy" {
				got = fmt.Sprintf("%d:%d %s", finding.Line, finding.Column, finding.Message)
			}
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestSecurity: the level is the lowest that any pod reaches.
func TestSecurity(t *testing.T) {
	const restricted = "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
	cases := map[string]struct{ text, want string }{
		"restricted": {restricted, "injected pods reach the Pod Security level restricted"},
		"baseline":   {"", "injected pods reach the Pod Security level baseline; restricted refuses them: allowPrivilegeEscalation != false"},
		"privileged": {"securityContext: {privileged: true}", "injected pods reach the Pod Security level privileged; baseline refuses them: privileged"},
		"privileged for some": {
			`{{ if eq (annotation .ObjectMeta "sidecar.istio.io/nativeSidecar" "") "false" }}securityContext: {privileged: true}{{ else }}` + restricted + "{{ end }}",
			"injected pods reach the Pod Security level privileged; baseline refuses them: privileged",
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			text := "spec:\n  containers:\n  - name: helper\n    image: helper\n    " + c.text + "\n"
			findings, err := Run(t.Context(), Sources{Over: configuration.Overrides{Templates: []string{write(t, "envoy.yaml", text)}}})
			if err != nil {
				t.Fatal(err)
			}
			if len(findings) != 1 || !strings.HasPrefix(findings[0].Message, c.want) || filepath.Base(findings[0].File) != "envoy.yaml" {
				t.Errorf("found %+v, want %s", findings, c.want)
			}
		})
	}
}

// TestUnused: values that no template looks at.
func TestUnused(t *testing.T) {
	const values = "proxy:\n  image: x\n  logLevel: debug\n  resources: {limits: {cpu: 1}}\n"
	const start = "spec:\n  containers:\n  - name: helper\n    image: helper\n    args:\n"
	cases := map[string]struct{ text, want string }{
		"the built-in template looks at all":  {"", ""},
		"none is looked at":                   {start, `1:1 no template looks at the value "proxy"`},
		"one is not":                          {start + "    - \"{{ .Values.proxy.image }}\"\n    - {{ .Values.proxy.resources | toJSON | quote }}", `3:3 no template looks at the value "proxy.logLevel"`},
		"an object is taken as a whole":       {start + "    - {{ .Values.proxy | toJSON | quote }}", ""},
		"all values are":                      {start + "    - {{ .Values | toJSON | quote }}", ""},
		"one is looked at by way of a string": {start + "    {{ $p := index .Values \"proxy\" }}- {{ $p.image }}{{ if $p.logLevel }}{{ end }}", ""},
		"in a block of its own":               {start + "    - {{ with .Values.proxy }}{{ .image }}{{ end }}", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			sources := Sources{Files: configuration.Files{Values: write(t, "values.yaml", values)}}
			if c.text != "" {
				sources.Over.Templates = []string{write(t, "envoy.yaml", c.text)}
			}
			findings, err := Run(t.Context(), sources)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, finding := range findings {
				if finding.Severity != Note {
					got = append(got, strings.TrimPrefix(finding.place(), finding.File+":")+" "+finding.Message)
				}
			}
			if text := strings.Join(got, "\n"); text != c.want {
				t.Errorf("found %q, want %q", text, c.want)
			}
		})
	}
}
