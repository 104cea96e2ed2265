package preview

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/webhook"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
)

// newPreviewer makes a previewer with the built-in profile, for documents whose namespaces all opted in.
func newPreviewer(t testing.TB, documents []manifest.Document) *Previewer {
	t.Helper()
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	namespaces, err := manifest.NewNamespaces(documents, map[string]string{"istio-injection": "enabled"})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: namespaces})
	if err != nil {
		t.Fatal(err)
	}
	webhooks, err := selection.Default(config)
	if err != nil {
		t.Fatal(err)
	}
	previewer, err := New(Options{Handler: handler, Webhooks: webhooks, Namespaces: namespaces})
	if err != nil {
		t.Fatal(err)
	}
	return previewer
}

// The whole point of taking defaults away: what the patch makes of the submitted template is, once the API server has
// filled it in, what the webhook made of the filled-in pod.
func TestPatchAppliesToWhatWasSubmitted(t *testing.T) {
	cases := map[string]string{
		"a minimal template": `
spec: {template: {spec: {containers: [{name: app, image: app}]}}}`,
		"nulls and empty values": `
spec: {template: {metadata: null, spec: {volumes: null, initContainers: [], containers: [{name: app, image: app, env: null, ports: [], resources: {}}]}}}`,
		"everything that defaults look at": `
spec:
  template:
    metadata: {labels: {app: x}, annotations: {a: b}, name: ignored}
    spec:
      futureField: {kept: [1, 2.5]}
      tolerations: [{key: mine, operator: Exists}]
      volumes: [{name: a}, {name: b, secret: {secretName: s}}]
      initContainers: [{name: first, image: first}]
      containers:
      - name: app
        image: app
        ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]
        volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /b}]
        resources: {limits: {cpu: 1}}
        readinessProbe: {httpGet: {port: 80}}
      - {name: second, image: second}`,
		"a container of the injected name is the user's override": `
spec: {template: {spec: {containers: [{name: app, image: app}, {name: sidecar-proxy, image: auto, env: [{name: A, value: b}]}]}}}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			documents, err := manifest.Parse("in.yaml", []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}"+text))
			if err != nil {
				t.Fatal(err)
			}
			submitted, err := json.Marshal(documents[0].Object)
			if err != nil {
				t.Fatal(err)
			}
			previewer := newPreviewer(t, documents)
			result, err := previewer.Preview(t.Context(), &documents[0])
			if err != nil {
				t.Fatal(err)
			}
			if after, _ := json.Marshal(documents[0].Object); string(after) != string(submitted) {
				t.Error("the document was changed")
			}
			w := workloadIn(t, &documents[0])
			patched := applyPatch(t, w.Template, result.Workloads[0])
			if diff := cmp.Diff(simulate.Find(result.Object, "spec.template")[0], patched); diff != "" {
				t.Errorf("the patch makes another template than the one shown (-shown +patched):\n%s", diff)
			}
			admitted, err := simulate.Admit(t.Context(), previewer.options.Handler.For(webhook.ScopeNamespace, nil), "default", simulate.WithDefaults(simulate.PodOf(w, "default")))
			if err != nil {
				t.Fatal(err)
			}
			w.Template = patched
			if diff := cmp.Diff(sorted(simulate.WithDefaults(admitted.Pod)), sorted(simulate.WithDefaults(simulate.PodOf(w, "default")))); diff != "" {
				t.Errorf("the pod differs (-of the webhook +of the patched template):\n%s", diff)
			}
		})
	}
}

func workloadIn(t *testing.T, document *manifest.Document) manifest.Workload {
	t.Helper()
	var found manifest.Workload
	err := manifest.Visit(document, func(at manifest.Place) error {
		all, _, err := manifest.WorkloadsOf(at)
		for _, w := range all {
			found = w
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// applyPatch applies a patch as it is printed.
func applyPatch(t *testing.T, template map[string]any, w Workload) map[string]any {
	t.Helper()
	made, err := pageOf(0, &Result{Document: &manifest.Document{}, Workloads: []Workload{w}}, FormatPatch)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := bind([]*page{made}, FormatPatch, "inject")
	if err != nil {
		t.Fatal(err)
	}
	out := printed.Text
	for _, filledIn := range []string{"kube-api-access", "terminationMessagePath", "not-ready", "pod-template-hash", "dnsPolicy"} {
		if strings.Contains(string(out), filledIn) {
			t.Errorf("%s was filled in and is in the patch: %s", filledIn, out)
		}
	}
	patch, err := jsonpatch.DecodePatch(out)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		t.Fatalf("apply %s: %v", out, err)
	}
	var result map[string]any
	if err := utiljson.Unmarshal(after, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// sorted orders what has no order, volumes and mounts, and leaves out the name that a ReplicaSet has from its template.
func sorted(pod map[string]any) map[string]any {
	metadata := pod["metadata"].(map[string]any)
	delete(metadata, "generateName")
	delete(metadata, "ownerReferences")
	delete(metadata["labels"].(map[string]any), "pod-template-hash")
	byText := func(a, b any) int {
		textA, _ := json.Marshal(a)
		textB, _ := json.Marshal(b)
		return strings.Compare(string(textA), string(textB))
	}
	for _, path := range []string{"spec", "spec.initContainers.*", "spec.containers.*"} {
		for _, object := range simulate.Find(pod, path) {
			for _, field := range []string{"volumes", "volumeMounts"} {
				if list, ok := object[field].([]any); ok {
					slices.SortFunc(list, byText)
				}
			}
		}
	}
	return pod
}

func TestNewRefusesWhatItCannotWorkWith(t *testing.T) {
	empty, err := webhook.New(webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]Options{
		"no handler":                      {Namespaces: &manifest.Namespaces{}},
		"a handler without configuration": {Handler: empty, Namespaces: &manifest.Namespaces{}},
		"no namespaces":                   {Handler: empty, Webhooks: &selection.Webhooks{}},
		"no webhooks":                     {Handler: empty, Namespaces: &manifest.Namespaces{}},
	}
	for name, options := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := New(options); err == nil {
				t.Error("no error")
			}
		})
	}
}
