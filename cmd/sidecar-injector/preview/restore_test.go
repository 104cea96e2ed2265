package preview

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// decodeYAML decodes a fixture as a document is decoded.
func decodeYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := utilyaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestRestore(t *testing.T) {
	cases := map[string]struct{ submitted, defaulted, answered, want string }{
		"what was filled in goes, what was submitted stays": {
			`{a: 1}`, `{a: 1, b: 2}`, `{a: 1, b: 2, c: 3}`, `{a: 1, c: 3}`,
		},
		"what was filled in and then changed stays": {
			`{}`, `{b: {x: 1, y: 1}}`, `{b: {x: 1, y: 2}}`, `{b: {y: 2}}`,
		},
		"an object that was filled in and only lost something goes": {
			`{}`, `{b: {x: 1, y: 1}}`, `{b: {x: 1}}`, `{}`,
		},
		"what was removed is gone": {
			`{a: 1, b: 1}`, `{a: 1, b: 1, c: 1}`, `{b: 1, c: 1}`, `{b: 1}`,
		},
		"nulls and empty values stay as they were written": {
			`{a: null, b: "", c: [], d: {}}`, `{b: x, c: [], d: {e: 1}}`, `{b: x, c: [], d: {e: 1}, f: 1}`, `{a: null, b: "", c: [], d: {}, f: 1}`,
		},
		"a null that gets a value": {
			`{a: null}`, `{}`, `{a: [1]}`, `{a: [1]}`,
		},
		"elements of a list are found by their names, wherever they went": {
			`{containers: [{name: a}, {name: b}]}`,
			`{containers: [{name: a, pull: x}, {name: b, pull: y}]}`,
			`{containers: [{name: new, pull: x}, {name: b, pull: y, env: 1}, {name: a, pull: x}]}`,
			`{containers: [{name: new, pull: x}, {name: b, env: 1}, {name: a}]}`,
		},
		"an element that was filled in goes, one that was changed afterwards stays": {
			`{volumes: [{name: a}]}`,
			`{volumes: [{name: a}, {name: token}, {name: other}]}`,
			`{volumes: [{name: sidecar}, {name: a}, {name: token}, {name: other, x: 1}]}`,
			`{volumes: [{name: sidecar}, {name: a}, {name: other, x: 1}]}`,
		},
		"a list of nothing but filled in elements goes": {
			`{x: 1}`, `{x: 1, tolerations: [{key: a}]}`, `{x: 2, tolerations: [{key: a}]}`, `{x: 2}`,
		},
		"a list that was filled in and then added to keeps what was added": {
			`{}`, `{tolerations: [{key: a}]}`, `{tolerations: [{key: a}, {key: b}]}`, `{tolerations: [{key: b}]}`,
		},
		"TCP and UDP on one port are two ports": {
			`{ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]}`,
			`{ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]}`,
			`{ports: [{containerPort: 53, protocol: UDP, name: u}, {containerPort: 53, protocol: TCP, name: t}]}`,
			`{ports: [{containerPort: 53, protocol: UDP, name: u}, {containerPort: 53, name: t}]}`,
		},
		"two mounts of one volume are told apart by their paths": {
			`{volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}]}`,
			`{volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}, {name: token, mountPath: /t}]}`,
			`{volumeMounts: [{name: v, mountPath: /b, readOnly: true}, {name: v, mountPath: /a}, {name: token, mountPath: /t}]}`,
			`{volumeMounts: [{name: v, mountPath: /b, readOnly: true}, {name: v, mountPath: /a}]}`,
		},
		"what was filled in by a field that has changed stays": {
			`{c: [{name: a, image: auto}]}`,
			`{c: [{name: a, image: auto, imagePullPolicy: Always, other: 1}]}`,
			`{c: [{name: a, image: "b:1", imagePullPolicy: Always, other: 1}]}`,
			`{c: [{name: a, image: "b:1", imagePullPolicy: Always}]}`,
		},
		"equal scalars in a list are each their own": {
			`{args: [a, a]}`, `{args: [a, a]}`, `{args: [a, b, a]}`, `{args: [a, b, a]}`,
		},
		"what is spelled in another way stays as it was submitted": {
			`{spec: {a: 1, containers: [{name: a, tty: false, resources: {limits: {cpu: 2000m}}, livenessProbe: {periodSeconds: 10}}]}}`,
			`{spec: {a: 1, containers: [{name: a, tty: false, resources: {limits: {cpu: 2000m}}, livenessProbe: {periodSeconds: 10}}]}}`,
			`{spec: {a: 2, containers: [{name: a, tty: true, resources: {limits: {cpu: "2"}}, livenessProbe: {}}]}}`,
			`{spec: {a: 2, containers: [{name: a, tty: true, resources: {limits: {cpu: 2000m}}, livenessProbe: {periodSeconds: 10}}]}}`,
		},
		"another type": {
			`{a: {b: 1}}`, `{a: {b: 1, c: 1}}`, `{a: [1]}`, `{a: [1]}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			submitted, defaulted, answered := decodeYAML(t, c.submitted), decodeYAML(t, c.defaulted), decodeYAML(t, c.answered)
			got := restore(podtype.Pod(), submitted, defaulted, answered)
			if diff := cmp.Diff(any(decodeYAML(t, c.want)), got); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
			for text, now := range map[string]map[string]any{c.submitted: submitted, c.defaulted: defaulted, c.answered: answered} {
				if diff := cmp.Diff(decodeYAML(t, text), now); diff != "" {
					t.Errorf("an argument was changed (-was +is):\n%s", diff)
				}
			}
		})
	}
}

func TestRestoreOfTheDefaultsAloneIsWhatWasSubmitted(t *testing.T) {
	for _, row := range simulate.Defaults() {
		t.Run(row.Name, func(t *testing.T) {
			example, err := row.Example()
			if err != nil {
				t.Fatal(err)
			}
			defaulted := simulate.WithDefaults(example)
			injected := simulate.WithDefaults(example)
			injected["spec"].(map[string]any)["hostname"] = "changed"
			want := decodeYAML(t, "{}")
			for key, value := range example {
				want[key] = value
			}
			spec := map[string]any{"hostname": "changed"}
			for key, value := range example["spec"].(map[string]any) {
				spec[key] = value
			}
			want["spec"] = spec
			if diff := cmp.Diff(want, restoreTemplate(example, defaulted, injected)); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
		})
	}
}
