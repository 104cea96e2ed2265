package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
)

// write writes a file for a case and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// lintTemplate checks a template that takes the place of the built-in one.
func lintTemplate(t *testing.T, text string) []Finding {
	t.Helper()
	findings, err := Run(t.Context(), Sources{Over: configuration.Overrides{Templates: []string{write(t, "envoy.yaml", text)}}})
	if err != nil {
		t.Fatal(err)
	}
	var found []Finding
	for _, finding := range findings {
		if finding.Severity != Note {
			finding.File = filepath.Base(finding.File)
			found = append(found, finding)
		}
	}
	return found
}

// TestTemplates has, for each rule, a template that breaks it and one that nearly does.
func TestTemplates(t *testing.T) {
	cases := map[string]struct {
		text string
		want string // "rule line:column message", several with | between them, each the beginning of a finding
	}{
		"what is right":                              {"spec:\n  containers:\n  - name: helper\n    image: helper", ""},
		"a function that does not exist":             {"spec:\n  containers:\n  - name: {{ helper }}\n", `template 3:14 function "helper" not defined`},
		"quotes that no path closes":                 {"spec:\n  containers:\n  - name: helper\n    image: {{ if .ObjectMeta.Name }}\"{{ end }}{{ .ObjectMeta.Name }}", "render 3:5 a pod without labels and with no name yet: container \"helper\": image: \"\" is not an image: want a name, with no space around it|render 4:5 a minimal pod: the output is not valid YAML: found unexpected end of stream"},
		"a template that fails for some pods":        {"spec:\n  containers:\n  - name: helper\n    image: {{ (index .Spec.InitContainers 0).Image }}", "render 4:16 a minimal pod: {{index .Spec.InitContainers 0}}: error calling index"},
		"a field that Kubernetes does not know":      {"spec:\n  containers:\n  - name: helper\n    image: helper\n    comand: [x]", `render 5:5 a minimal pod: spec.containers[0].comand: unknown field (did you mean "command"?)`},
		"a container without a volume for its mount": {"spec:\n  containers:\n  - {name: helper, image: helper, volumeMounts: [{name: data-x, mountPath: /x}]}", `missing-volume 3:6 a minimal pod: the container "helper" mounts the volume "data-x", which is not there`},
		"a container with it":                        {"spec:\n  volumes: [{name: data-x, emptyDir: {}}]\n  containers:\n  - {name: helper, image: helper, volumeMounts: [{name: data-x, mountPath: /x}]}", ""},
		"two mounts at one path":                     {"spec:\n  volumes: [{name: x-x, emptyDir: {}}, {name: y-y, emptyDir: {}}]\n  containers:\n  - {name: helper, image: helper, volumeMounts: [{name: x-x, mountPath: /x}, {name: y-y, mountPath: /x}]}", "duplicate-name 4:6 a minimal pod: the container \"helper\" mounts two volumes at \"/x\""},
		"a port that applications have":              {"spec:\n  containers:\n  - {name: helper, image: helper, ports: [{containerPort: 8080}]}", `port-clash 3:6 a pod with probes of all kinds: the containers "a" and "helper" both have the port 8080/TCP`},
		"the same port of another protocol":          {"spec:\n  containers:\n  - {name: helper, image: helper, ports: [{containerPort: 8080, protocol: UDP}]}", ""},
		"a name that is none":                        {"spec:\n  containers:\n  - {name: Helper_1, image: helper}", `invalid-name 3:6 a minimal pod: the container name "Helper_1" is not allowed`},
		"a request above its limit":                  {"spec:\n  containers:\n  - {name: helper, image: helper, resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}}", `render 3:6 a minimal pod: container "helper": resources.requests.cpu: "2" is above the limit "1500m"`},
		"a request as high as its limit":             {"spec:\n  containers:\n  - {name: helper, image: helper, resources: {requests: {cpu: 2}, limits: {cpu: 2000m}}}", ""},
		"all fields that Kubernetes does not know":   {"spec:\n  containers:\n  - name: helper\n    image: helper\n    comand: [x]\n  vlumes: []", `render 5:5 a minimal pod: spec.containers[0].comand: unknown field (did you mean "command"?)|render 6:3 a minimal pod: spec.vlumes: unknown field (did you mean "volumes"?)`},
		"all functions that do not exist":            {"# {{ one }} {{ two 1 }}\nspec: {{ .Values | two }}\nx: {{ three }}", `template 1:6 function "one" not defined|template 1:16 function "two" not defined|template 3:7 function "three" not defined`},
		"a function in another spelling":             {"# {{ anotation .ObjectMeta \"a\" \"b\" }}", `template 1:6 function "anotation" not defined (did you mean "annotation"?)`},
		"output that is no YAML":                     {"spec:\n  containers:\n  - name: helper\n   image: helper", "render 3:5 a minimal pod: the output is not valid YAML: did not find expected key"},
		"a template that is no template":             {"spec:\n  containers:\n  {{ if }}", "template 3:3 missing value for if"},
		"a template that fails with no containers":   {"spec:\n  containers:\n  - name: helper\n    image: {{ (index .Spec.Containers 0).Image }}", "render 4:16 a pod with no containers: {{index .Spec.Containers 0}}: error calling index"},
		"columns in characters":                      {"spec:\n  containers:\n  - {name: helper, image: \"ä☃\", args: [{{ nope }}]}", `template 3:43 function "nope" not defined`},
		"lines that end as on Windows":               {"spec:\r\n  containers:\r\n  - name: helper\r\n    image: helper\r\n    comand: [x]\r\n", "render 5:5 a minimal pod: spec.containers[0].comand: unknown field"},
		"no image":                                   {"spec:\n  containers:\n  - name: helper", `render 3:5 a minimal pod: container "helper": image: "" is not an image: want a name, with no space around it`},
		"a mount with no path":                       {"spec:\n  volumes: [{name: x-x}]\n  containers:\n  - {name: helper, image: helper, volumeMounts: [{name: x-x, mountPath: \"\"}]}", `schema 4:6 a minimal pod: the container "helper": volumeMounts[0].mountPath is missing`},
		"a text that is none of those allowed":       {"spec:\n  containers:\n  - {name: helper, image: helper, imagePullPolicy: Sometimes}", `schema 3:6 a minimal pod: the container "helper": imagePullPolicy is "Sometimes", want one of Always, IfNotPresent, Never`},
		"a port that is none":                        {"spec:\n  containers:\n  - {name: helper, image: helper, ports: [{containerPort: 70000}]}", `schema 3:6 a minimal pod: the container "helper": ports[0].containerPort is 70000, want a port (1 to 65535)`},
		"a probe of two kinds":                       {"spec:\n  containers:\n  - {name: helper, image: helper, livenessProbe: {tcpSocket: {port: 1}, exec: {command: [x]}}}", `schema 3:6 a minimal pod: the container "helper": livenessProbe is of 2 kinds, want one`},
		"a volume of two kinds":                      {"spec:\n  volumes: [{name: x-x, emptyDir: {}, hostPath: {path: /x}}]\n  containers:\n  - {name: helper, image: helper}", `render 2:14 a minimal pod: volume "x-x": it has 2 sources, want one: emptyDir, hostPath`},
		"output without an end":                      {"spec:\n{{ range 1000000000 }}# x\n{{ end }}", "too-slow 2:1 a minimal pod: {{range 1000000000}}: the output is longer than 1 MiB: does a range have an end?"},
		"nothing at all":                             {"metadata: {labels: {x: z}}", "nothing-injected 1:1 the default templates inject no container into any pod"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var got []string
			for _, finding := range lintTemplate(t, c.text) {
				got = append(got, fmt.Sprintf("%s %d:%d %s", finding.Rule, finding.Line, finding.Column, finding.Message))
				if finding.Remedy == "" {
					t.Errorf("no remedy: %+v", finding)
				}
				if rules[finding.Rule] == "" {
					t.Errorf("the rule %q is not in the table", finding.Rule)
				}
			}
			var want []string
			if c.want != "" {
				want = strings.Split(c.want, "|")
			}
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// TestFiles: what is wrong in a configuration or its values, with the line.
func TestFiles(t *testing.T) {
	cases := map[string]struct{ config, values, want string }{
		"an unknown field":                {"policy: enabled\nonErorr: deny\n", "", `config.yaml:2:1: error: unknown field "onErorr" (did you mean "onError"?), want one of`},
		"a value that is not allowed":     {"onError: deny\npolicy: perhaps\n", "", `config.yaml:2:1: error: policy "perhaps" is not allowed, want one of enabled, disabled`},
		"an unknown value":                {"", "proxy:\n  image: x\n  logLevl: debug\n", `values.yaml:3:3: error: value "proxy.logLevl" is not known (did you mean "logLevel"?)`},
		"a value of another type":         {"", "proxy:\n  uid: many\n", `values.yaml:2:3: error: value "proxy.uid" is a string, want an integer`},
		"settings of the pods' policy":    {"podPolicy:\n  allowedImages: [envoy]\n  privilegedContainers: shut\n", "", "config.yaml:2:19: error: podPolicy.allowedImages[0]: \"envoy\" is not allowed: want a registry and as much of a path as is to be allowed, such as \"ghcr.io/my-org\" or \"docker.io/envoyproxy/envoy:v1.2.3\", or \"*\" for any image (configuration)\n    correct it, or take it out\nconfig.yaml:3:3: error: podPolicy.privilegedContainers: \"shut\" is not allowed, want one of protected, open"},
		"a key that stands twice":         {"policy: enabled\nonError: deny\npolicy: disabled\nx: y\n", "", "config.yaml:3:1: error: key \"policy\" already set in map (configuration)\n    correct it, or take it out\nconfig.yaml:4:1: error: unknown field \"x\""},
		"values that are no YAML":         {"", "proxy: {\n", "values.yaml:1:1: error: did not find expected node content (values)\n    correct the YAML\n"},
		"a value that stands twice":       {"", "proxy:\n  uid: 1\n  uid: 2\n", "values.yaml:3:3: error: key \"uid\" already set in map (values)\n"},
		"a template in the configuration": {"policy: enabled\ntemplates:\n  other: 'metadata: {}'\n  envoy: |\n    spec:\n      containers:\n      - name: {{ nope }}\n", "", `config.yaml:7:18: error: function "nope" not defined`},
		"one that no default uses":        {"templates:\n  other: |\n    a: {{ nope }}\n", "", `config.yaml:3:11: warning: function "nope" not defined`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			sources := Sources{}
			if c.config != "" {
				sources.Files.Config = write(t, "config.yaml", c.config)
			}
			if c.values != "" {
				sources.Files.Values = write(t, "values.yaml", c.values)
			}
			findings, err := Run(t.Context(), sources)
			if err != nil {
				t.Fatal(err)
			}
			for i := range findings {
				if findings[i].File != "" {
					findings[i].File = filepath.Base(findings[i].File)
				}
			}
			var text strings.Builder
			if err := WriteText(&text, findings); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(text.String(), c.want) {
				t.Errorf("found:\n%s\nwant %s", &text, c.want)
			}
		})
	}
}

// TestBuiltin: nothing is wrong with what is built in.
func TestBuiltin(t *testing.T) {
	findings, err := Run(t.Context(), Sources{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Finding{{Rule: "pod-security", Severity: Note, File: "profile/envoy/envoy.yaml", Line: 137, Column: 5, Remedy: "label namespaces that enforce a stricter level pod-security.kubernetes.io/enforce=privileged, or take out what needs it", Message: `injected pods reach the Pod Security level privileged; baseline refuses them: non-default capabilities (container "sidecar-init" must not include "NET_ADMIN" in securityContext.capabilities.add)`}}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
