package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// The profile of these tests: a mesh whose namespaces ask by annotation too, and whose image stands in its own ConfigMap.
const (
	meshRelease   = "mesh"
	meshNamespace = "mesh-system"
	meshKey       = "mesh.example.com/inject"
	meshStatus    = "mesh.example.com/status"
	meshProfile   = `name: mesh
defaultTemplates: [mesh]
keys: {inject: mesh.example.com/inject, namespaceLabel: mesh.example.com/inject, namespaceLabelValue: enabled, status: mesh.example.com/status}
trigger: {pod: [annotation], inject: [enabled], skip: [disabled], invalid: skip, namespaceAnnotation: mesh.example.com/inject}
skips: {no_links: the pod wants no service links}
sources: [{configMap: mesh-config, namespace: mesh-system, key: values, loose: true}]
`
	meshTemplate = `{{- if isset .ObjectMeta.Labels "no-links" }}{{ skip "no_links" "the pod wants no service links" }}{{ end }}
spec:
  containers:
  - {name: mesh-proxy, image: "{{ .Values.image }}", env: [{name: OWNER, value: "{{ .Owner.Kind }}"}]}
`
)

func meshChart(t *testing.T, address string, require bool) cluster.ChartOptions {
	t.Helper()
	return cluster.ChartOptions{Release: meshRelease, Namespace: meshRelease, WebhookAddress: address, Values: map[string]any{
		"profile":            map[string]any{"profile.yaml": meshProfile, "values.yaml": "image: none:1", "mesh.yaml": meshTemplate},
		"config":             map[string]any{"everyPod": true},
		"requireSidecar":     map[string]any{"enabled": require, "actions": []any{"Deny"}},
		"excludedNamespaces": everyNamespace(t),
	}}
}

// writeMeshConfig writes the mesh's own ConfigMap.
func writeMeshConfig(t *testing.T, image string) {
	t.Helper()
	patch := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"mesh-config"},"data":{"values":"image: %s\nwebhook: {more: true}\n"}}`, image)
	force := true
	_, err := shared.Client.CoreV1().ConfigMaps(meshNamespace).Patch(t.Context(), "mesh-config", types.ApplyPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "mesh", Force: &force})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOwnProfile installs a profile of one's own by the chart: it waits for the mesh's values, injects what asks by pod, by
// label and by annotation of the namespace, skips what its template skips, and with requireSidecar no pod that asks starts
// without a sidecar once the webhook configuration is gone.
func TestOwnProfile(t *testing.T) {
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.CreateNamespace(t.Context(), meshNamespace, nil); err != nil {
		t.Fatal(err)
	}
	options := meshChart(t, address, true)
	installRelease(t, options)
	if err := shared.WaitForServingPair(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	health, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	injector, err := shared.StartInjector(t.Context(), cluster.InjectorOptions{Chart: options, Name: meshRelease, Health: health, Unready: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = injector.Stop() })
	waitForReadyz(t, health, http.StatusServiceUnavailable, `configuration: waiting for ConfigMap "mesh-system/mesh-config": it does not exist`)
	writeMeshConfig(t, "mesh:1")
	waitForReadyz(t, health, http.StatusOK, "ok")
	if err := shared.WaitForCABundle(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Run("who is injected", meshDecisions)
	t.Run("the mesh's values are followed", func(t *testing.T) {
		namespace := newNamespace(t, nil)
		writeMeshConfig(t, "mesh:2")
		err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
			if image := meshProxy(mustCreate(t, newPod(namespace, annotation(meshKey, "enabled")))); image != "mesh:2" {
				return fmt.Errorf("the image is %q", image)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("nothing is left bare", requiresSidecar)
}

// meshProxy is the image of the mesh's container, "" for none.
func meshProxy(pod *corev1.Pod) string {
	for _, container := range pod.Spec.Containers {
		if container.Name == "mesh-proxy" {
			return container.Image
		}
	}
	return ""
}

func meshDecisions(t *testing.T) {
	for sentence, c := range map[string]struct {
		labels, annotations map[string]string // of the namespace
		tweaks              []tweak
		injected            bool
		marked, warned      string
	}{
		"the pod asks":                                {nil, nil, []tweak{annotation(meshKey, "enabled")}, true, "", ""},
		"the namespace asks by its label":             {map[string]string{meshKey: "enabled"}, nil, nil, true, "", ""},
		"the namespace asks by its annotation":        {nil, map[string]string{meshKey: "enabled"}, nil, true, "", ""},
		"the namespace refuses":                       {nil, map[string]string{meshKey: "disabled"}, nil, false, "", ""},
		"the pod asks, the namespace refuses":         {nil, map[string]string{meshKey: "disabled"}, []tweak{annotation(meshKey, "enabled")}, true, "", ""},
		"the pod refuses, the namespace asks":         {nil, map[string]string{meshKey: "enabled"}, []tweak{annotation(meshKey, "disabled")}, false, "", ""},
		"nobody asks":                                 {nil, nil, nil, false, "", ""},
		"a label of the pod is not read":              {nil, nil, []tweak{label(meshKey, "enabled")}, false, "", ""},
		"a word that is none":                         {map[string]string{meshKey: "enabled"}, nil, []tweak{annotation(meshKey, "true")}, false, "invalid_value", `want "enabled" or "disabled"`},
		"the template skips":                          {nil, nil, []tweak{annotation(meshKey, "enabled"), label("no-links", "")}, false, "no_links", ""},
		"the template skips one that says nothing":    {nil, map[string]string{meshKey: "enabled"}, []tweak{label("no-links", "")}, false, "no_links", ""},
		"the host's network, asked":                   {nil, nil, []tweak{annotation(meshKey, "enabled"), hostNetwork}, false, "host_network", "host's network"},
		"the host's network, by the namespace's word": {map[string]string{meshKey: "enabled"}, nil, []tweak{hostNetwork}, false, "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c.labels)
			if c.annotations != nil {
				object, err := shared.Client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				object.Annotations = c.annotations
				if _, err := shared.Client.CoreV1().Namespaces().Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
					t.Fatal(err)
				}
				// A namespace that is known already is followed by a watch, as a change of it is.
				err = cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
					probe := mustCreate(t, newPod(namespace))
					if injected := meshProxy(probe) != ""; injected != (c.annotations[meshKey] == "enabled") {
						return errors.New("the annotation is not known yet")
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			result := create(t, newPod(namespace, c.tweaks...))
			if result.err != nil {
				t.Fatal(result.err)
			}
			if injected := meshProxy(result.pod) != ""; injected != c.injected {
				t.Errorf("injected: %v, want %v", injected, c.injected)
			}
			if marked := result.pod.Annotations[meshStatus+"-skipped"]; marked != c.marked {
				t.Errorf("marked as skipped for %q, want %q", marked, c.marked)
			}
			if warnings := strings.Join(result.warnings, "\n"); (warnings != "") != (c.warned != "") || !strings.Contains(warnings, c.warned) {
				t.Errorf("warnings %q, want one with %q", warnings, c.warned)
			}
		})
	}
}

// requiresSidecar takes the webhook configuration away.
func requiresSidecar(t *testing.T) {
	configurations := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	if err := configurations.Delete(t.Context(), meshRelease, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	asking, labelled := newNamespace(t, nil), newNamespace(t, map[string]string{meshKey: "enabled"})
	refused := func(context.Context) error {
		pod := newPod(asking, annotation(meshKey, "enabled"))
		result := create(t, pod)
		if result.err == nil {
			return fmt.Errorf("a pod that asks starts, with the image %q", meshProxy(result.pod))
		}
		if !strings.Contains(result.err.Error(), "is to have a sidecar and has none") {
			return result.err
		}
		return nil
	}
	if err := cluster.Eventually(t.Context(), waitTimeout, refused); err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		pod     *corev1.Pod
		refused bool
	}{
		"a pod of a labelled namespace":                {newPod(labelled), true},
		"one that opts out":                            {newPod(labelled, annotation(meshKey, "disabled")), false},
		"one that says nothing where nobody asks":      {newPod(asking), false},
		"one on the host's network, where nobody asks": {newPod(labelled, hostNetwork), false},
	} {
		if err := create(t, c.pod).err; (err != nil) != c.refused {
			t.Errorf("%s: refused %v, want %v", sentence, err, c.refused)
		}
	}
	// How to get pods going all the same: docs/operations.md, "Break glass".
	bindings := shared.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	if err := bindings.Delete(t.Context(), meshRelease+"-required", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		return create(t, newPod(asking, annotation(meshKey, "enabled"))).err
	})
	if err != nil {
		t.Errorf("without the policy's binding: %v", err)
	}
}
