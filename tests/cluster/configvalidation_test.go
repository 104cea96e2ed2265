package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// validated is a release of its own, about whose ConfigMap its injector is asked.
const validated = "validated"

// validatedConfig is its ConfigMap with other texts, of one line each.
func validatedConfig(config, values string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %[1]s, namespace: %[1]s}\ndata: {config: %[2]q, values: %[3]q}\n", validated, config, values)
}

// TestConfigValidation: kubectl is told what is wrong with a configuration, with the field, before it is stored. What is not
// meant for this injector, or is stored while it is not reached, does no harm: the last good one stays in use.
func TestConfigValidation(t *testing.T) {
	injector := startValidated(t)
	const config = "namespaceLabel: validated-test=enabled"
	apply := func(text string, args ...string) (stderr string, err error) {
		_, stderr, err = shared.Kubectl(t.Context(), text, append([]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, args...)...)
		return stderr, err
	}
	stored := func() string {
		object, err := shared.Client.CoreV1().ConfigMaps(validated).Get(t.Context(), validated, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return object.Data["config"] + object.Data["values"]
	}

	before := stored()
	for sentence, test := range map[string]struct {
		text, want string
		args       []string
	}{
		"a field that there is not":      {validatedConfig(config+"\nonErorr: deny", "{}"), `unknown field "onErorr" (did you mean "onError"?)`, nil},
		"in a dry run":                   {validatedConfig("policy: perhaps", "{}"), `policy "perhaps"`, []string{"--dry-run=server"}},
		"a value that the profile lacks": {validatedConfig(config, "{proxy: {logLvel: debug}}"), `value "proxy.logLvel" is not known (did you mean "logLevel"?)`, nil},
		"a key that there is not":        {strings.Replace(validatedConfig(config, "{}"), "\ndata: {", "\ndata: {vales: x, ", 1), `the ConfigMap has an unknown key "vales"`, nil},
	} {
		stderr, err := apply(test.text, test.args...)
		if err == nil || !strings.Contains(stderr, "config.sidecar-injector.github.io") || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: %v, want a refusal: %s", sentence, err, test.want)
		}
	}
	if after := stored(); after != before {
		t.Errorf("what is stored has changed:\n%s", after)
	}

	good := func(image string) {
		t.Helper()
		if stderr, err := apply(validatedConfig(config, "{proxy: {image: "+image+"}}")); err != nil || strings.Contains(stderr, "Warning") {
			t.Fatalf("a good one: %v, %s", err, stderr)
		}
		validatedImage(t, image)
	}
	good("good:1")

	other := strings.Replace(validatedConfig("policy: perhaps", "{}"), "metadata: {", "metadata: {annotations: {sidecar-injector.github.io/installation: v9.9.9}, ", 1)
	if stderr, err := apply(other); err != nil || !strings.Contains(stderr, `the configuration was not checked: it is meant for "v9.9.9"`) {
		t.Errorf("one of another version: %v, %s; want it stored, with a warning", err, stderr)
	}
	waitForRefusedConfig(t, `policy "perhaps"`)
	validatedImage(t, "good:1")
	_, _, err := shared.Kubectl(t.Context(), "", "-n", validated, "annotate", "configmap", validated, "sidecar-injector.github.io/installation-")
	if err != nil {
		t.Errorf("annotate a bad one that is stored: %v", err)
	}
	good("good:2")

	// Nobody answers at the address.
	closed, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	move := fmt.Sprintf(`[{"op":"replace","path":"/webhooks/0/clientConfig/url","value":"https://%s/validate/config"}]`, closed)
	client := shared.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := client.Patch(t.Context(), validated, types.JSONPatchType, []byte(move), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	err = cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		_, err := apply(validatedConfig("policy: never", "{}"))
		return err
	})
	if err != nil {
		t.Errorf("an injector that is not reached keeps a configuration from being stored: %v", err)
	}
	waitForRefusedConfig(t, `policy "never"`)
	validatedImage(t, "good:2")
	if status, text, err := cluster.Readyz(t.Context(), injector.Health, ""); err != nil || status != 200 {
		t.Errorf("ready: %d %s, %v", status, text, err)
	}
}

// startValidated installs the release and runs its injector, and waits until the API server asks it about its ConfigMap.
func startValidated(t *testing.T) *cluster.Injector {
	t.Helper()
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	options := cluster.ChartOptions{
		Release: validated, Namespace: validated, WebhookAddress: address,
		Values: map[string]any{"config": map[string]any{"namespaceLabel": "validated-test=enabled"}, "excludedNamespaces": everyNamespace(t)},
	}
	injector := startRelease(t, options)
	err = cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		_, _, err := shared.Kubectl(ctx, validatedConfig("policy: perhaps", "{}"), "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
		if err == nil || !strings.Contains(err.Error(), "denied the request") {
			return fmt.Errorf("the injector is not asked yet: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return injector
}

// validatedImage waits until pods get the image from the release's injector.
func validatedImage(t *testing.T, want string) {
	t.Helper()
	namespace := newNamespace(t, map[string]string{"validated-test": "enabled"})
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		pod := mustCreate(t, newPod(namespace))
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			if container.Name == proxyName && container.Image == want {
				return nil
			}
		}
		return fmt.Errorf("the pod has no proxy of the image %q", want)
	})
	if err != nil {
		t.Error(err)
	}
}

// waitForRefusedConfig waits for the Event on the ConfigMap.
func waitForRefusedConfig(t *testing.T, note string) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		events, err := shared.Client.EventsV1().Events(validated).List(ctx, metav1.ListOptions{FieldSelector: "reason=ConfigurationRefused"})
		if err != nil {
			return err
		}
		for i := range events.Items {
			if strings.Contains(events.Items[i].Note, note) {
				return nil
			}
		}
		return fmt.Errorf("no Event says %s", note)
	})
	if err != nil {
		t.Error(err)
	}
}
