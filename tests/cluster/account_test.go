package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestStolenAccount shows what the injector's own account may do to the webhook configuration: change caBundle, which a
// rotation needs, and nothing else of it.
func TestStolenAccount(t *testing.T) {
	kubeconfig, err := shared.ServiceAccountKubeconfig(t.Context(), cluster.Release, cluster.Release)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	stolen := kubernetes.NewForConfigOrDie(config).AdmissionregistrationV1().MutatingWebhookConfigurations()
	current, err := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The API server follows policies with a delay.
	err = cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		_, err := stolen.Patch(ctx, cluster.Release, types.MergePatchType, []byte(`{"webhooks":null}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			return errors.New("the policy is not enforced")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	name, bundle := current.Webhooks[0].Name, current.Webhooks[0].ClientConfig.CABundle
	entry := func(fields string) string { return fmt.Sprintf(`{"webhooks":[{"name":%q,%s}]}`, name, fields) }
	json1 := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const webhooks, metadata, annotations = "may change nothing of its webhooks but caBundle", "may change nothing of the metadata but its own annotations", "may change no annotations but its own"
	for sentence, test := range map[string]struct {
		kind        types.PatchType
		patch, want string // want is a part of the refusal; empty: the patch is let through
	}{
		"caBundle":                 {types.StrategicMergePatchType, entry(`"clientConfig":{"caBundle":` + json1(append(bundle, bundle...)) + `}`), ""},
		"its own annotations":      {types.MergePatchType, `{"metadata":{"annotations":{"ca-keep-until.sidecar-injector.github.io/test":"x","sidecar-injector.github.io/ca-bundle-written":"x"}}}`, ""},
		"nothing":                  {types.MergePatchType, `{}`, ""},
		"who is asked":             {types.StrategicMergePatchType, entry(`"clientConfig":{"url":"https://evil.example/inject"}`), webhooks},
		"which requests":           {types.StrategicMergePatchType, entry(`"rules":[{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*"]}]`), webhooks},
		"what a failure does":      {types.StrategicMergePatchType, entry(`"failurePolicy":"Ignore"`), webhooks},
		"which namespaces":         {types.StrategicMergePatchType, entry(`"namespaceSelector":{"matchLabels":{"a":"b"}}`), webhooks},
		"which objects":            {types.StrategicMergePatchType, entry(`"objectSelector":{"matchLabels":{"a":"b"}}`), webhooks},
		"which pods":               {types.StrategicMergePatchType, entry(`"matchConditions":[{"name":"all","expression":"true"}]`), webhooks},
		"how long it may take":     {types.StrategicMergePatchType, entry(`"timeoutSeconds":1`), webhooks},
		"an entry more":            {types.JSONPatchType, `[{"op":"copy","from":"/webhooks/0","path":"/webhooks/2"},{"op":"replace","path":"/webhooks/2/name","value":"another.sidecar-injector.github.io"}]`, webhooks},
		"an entry less":            {types.JSONPatchType, `[{"op":"remove","path":"/webhooks/1"}]`, webhooks},
		"the order of the entries": {types.JSONPatchType, `[{"op":"move","from":"/webhooks/1","path":"/webhooks/0"}]`, webhooks},
		"no entry at all":          {types.MergePatchType, `{"webhooks":null}`, webhooks},
		"no caBundle":              {types.JSONPatchType, `[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]`, webhooks},
		"a label":                  {types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`, metadata},
		"an owner":                 {types.MergePatchType, `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"x","uid":"x"}]}}`, metadata},
		"a finalizer":              {types.MergePatchType, `{"metadata":{"finalizers":["example.com/x"]}}`, metadata},
		"another's annotation":     {types.MergePatchType, `{"metadata":{"annotations":{"cert-manager.io/inject-ca-from":"x/y"}}}`, annotations},
		"no annotations":           {types.MergePatchType, `{"metadata":{"annotations":{"meta.helm.sh/release-name":null}}}`, annotations},
	} {
		t.Run(sentence, func(t *testing.T) {
			// A dry run goes the way of a patch and leaves the other tests alone.
			_, err := stolen.Patch(t.Context(), cluster.Release, test.kind, []byte(test.patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want a refusal: the injector %s", err, test.want)
			}
		})
	}
	validating := kubernetes.NewForConfigOrDie(config).AdmissionregistrationV1().ValidatingWebhookConfigurations()
	for patch, want := range map[string]string{
		`{"metadata":{"annotations":{"sidecar-injector.github.io/ca-bundle-written":"x"}}}`: "",
		`{"webhooks":null}`: webhooks,
	} {
		_, err := validating.Patch(t.Context(), cluster.Release, types.MergePatchType, []byte(patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("patch the validating configuration with %s: %v, want a refusal: %q", patch, err, want)
		}
	}
	if _, err := stolen.Patch(t.Context(), "another", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("patch another configuration: %v, want a refusal", err)
	}
	if err := stolen.Delete(t.Context(), cluster.Release, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}); !apierrors.IsForbidden(err) {
		t.Errorf("delete the configuration: %v, want a refusal", err)
	}
}
