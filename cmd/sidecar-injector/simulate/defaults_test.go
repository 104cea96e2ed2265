package simulate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
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

// That the values are the API server's is shown on a real one; here, that the table is sound in itself.
func TestDefaultsEachRowFillsSomethingInInItsExample(t *testing.T) {
	names := map[string]bool{}
	for _, row := range Defaults() {
		if names[row.Name] {
			t.Errorf("two rows are called %q", row.Name)
		}
		names[row.Name] = true
		example, err := row.Example()
		if err != nil {
			t.Fatalf("%s: %v", row.Name, err)
		}
		before, after := row.Values(example), row.Values(WithDefaults(example))
		if cmp.Equal(before, after) {
			t.Errorf("%s: nothing is filled in in its example", row.Name)
		}
		if diff := cmp.Diff(WithDefaults(example), WithDefaults(WithDefaults(example))); diff != "" {
			t.Errorf("%s: filling in twice differs from once:\n%s", row.Name, diff)
		}
	}
}

func TestWithDefaultsDependsOnThePod(t *testing.T) {
	const token = "{name: kube-api-access-00000, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}"
	cases := map[string]struct {
		pod, row, want string
	}{
		"latest is always pulled":             {`{spec: {containers: [{image: "r:5000/a:latest"}]}}`, "image pull policy", `[Always]`},
		"no tag is latest":                    {`{spec: {containers: [{image: "r:5000/a"}]}}`, "image pull policy", `[Always]`},
		"a tag is pulled once":                {`{spec: {containers: [{image: "r:5000/a:1"}]}}`, "image pull policy", `[IfNotPresent]`},
		"a digest is pulled once":             {`{spec: {containers: [{image: "a@sha256:00"}]}}`, "image pull policy", `[IfNotPresent]`},
		"a tag before a digest counts":        {`{spec: {containers: [{image: "a:latest@sha256:00"}]}}`, "image pull policy", `[Always]`},
		"0 is no timeout":                     {`{spec: {containers: [{livenessProbe: {timeoutSeconds: 0}}]}}`, "probe timeout", `[1]`},
		"a timeout stays":                     {`{spec: {containers: [{livenessProbe: {timeoutSeconds: 5}}]}}`, "probe timeout", `[5]`},
		"no service links stays":              {`{spec: {enableServiceLinks: false}}`, "service links", `[false]`},
		"no host port off the host's network": {`{spec: {containers: [{ports: [{containerPort: 80}]}]}}`, "host port", `[]`},
		"no token if the pod wants none":      {`{spec: {automountServiceAccountToken: false, containers: [{}]}}`, "service account token volume", `[]`},
		"no token for a mirror pod":           {`{metadata: {annotations: {kubernetes.io/config.mirror: x}}, spec: {containers: [{}]}}`, "service account token mount", `[]`},
		"no token where something is mounted": {`{spec: {containers: [{volumeMounts: [{name: a, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}]}}`, "service account token volume", `[]`},
		"the pod's own token volume is used": {
			`{spec: {volumes: [{name: kube-api-access-own, emptyDir: {}}], containers: [{}]}}`,
			"service account token volume", `[[{name: kube-api-access-00000, emptyDir: {}}]]`,
		},
		"the mount comes last": {
			`{spec: {containers: [{volumeMounts: [{name: a, mountPath: /a}]}]}}`,
			"service account token mount", `[[{name: a, mountPath: /a}, ` + token + `]]`,
		},
		"the old name of the account":        {`{spec: {serviceAccount: robot}}`, "service account name", `[robot]`},
		"the priority of a class is unknown": {`{spec: {priorityClassName: high}}`, "priority", `[]`},
		"a toleration of everything": {
			`{spec: {tolerations: [{operator: Exists}]}}`, "tolerations", `[[{operator: Exists}]]`,
		},
		"a request stays, a missing one is the limit": {
			`{spec: {containers: [{resources: {limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1}}}]}}`,
			"requests from limits", `[{cpu: 1, memory: 1Gi}]`,
		},
	}
	rows := map[string]Default{}
	for _, row := range Defaults() {
		rows[row.Name] = row
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			row, ok := rows[c.row]
			if !ok {
				t.Fatalf("no row %q", c.row)
			}
			got := row.Values(WithDefaults(decodeYAML(t, c.pod)))
			if got == nil {
				got = []any{}
			}
			want := decodeYAML(t, "want: "+c.want)["want"]
			if diff := cmp.Diff(want, any(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.row, diff)
			}
		})
	}
}
