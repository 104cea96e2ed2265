package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// checkPods checks what becomes of pods: who else injects them, and whether they may be created then.
func checkPods(ctx context.Context, s section, t *target) {
	configurations := &admissionregistrationv1.MutatingWebhookConfigurationList{}
	if err := t.client.List(ctx, configurations); err != nil {
		s.unknown("overlap", fmt.Errorf("list MutatingWebhookConfigurations: %w", err))
	} else {
		t.configurations = configurations.Items
		checkOverlap(ctx, s, t)
	}
	namespaces := &corev1.NamespaceList{}
	if err := t.client.List(ctx, namespaces); err != nil {
		s.unknown("pod-security", fmt.Errorf("list namespaces: %w", err))
		return
	}
	checkPodSecurity(s, t.config, optedIn(t.config, namespaces.Items))
}

// sample returns a pod that asks for nothing, and that keeps every level of Pod Security.
func sample() templates.Pod {
	return templates.Pod{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"generateName": "sidecar-injector-check-"},
		"spec": map[string]any{
			"securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": int64(1000), "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{
				"name": "app", "image": "registry.invalid/app",
				"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
			}},
		},
	}
}

// overlap is another injector that is asked about pods that this one is asked about.
type overlap struct{ configuration, entry, pods string }

// checkOverlap checks whether another injector of this program, or the mesh's own, is asked about the same pods.
func checkOverlap(ctx context.Context, s section, t *target) {
	var found []overlap
	for i := range t.configurations {
		other := &t.configurations[i]
		if other.Name == t.name {
			continue
		}
		webhooks, err := selection.New(other)
		if err != nil {
			s.unknown("overlap", fmt.Errorf("read MutatingWebhookConfiguration %q: %w", other.Name, err))
			return
		}
		same, err := overlaps(ctx, t, webhooks, other.Name)
		if err != nil {
			s.unknown("overlap", err)
			return
		}
		found = append(found, same...)
	}
	if len(found) == 0 {
		s.ok("overlap", "no other injector is asked about the same pods")
		return
	}
	var texts []string
	for _, one := range found {
		texts = append(texts, fmt.Sprintf("%s of MutatingWebhookConfiguration %q is asked about %s too", one.entry, one.configuration, one.pods))
	}
	slices.Sort(texts)
	s.add("overlap", Failed, "give this injector a name or a label of its own (config.revision, config.namespaceLabel): docs/operations.md, and beside Istio docs/istio.md", "%s", strings.Join(texts, "; "))
}

// overlaps returns the entries of another configuration that inject, and are called for pods for which ours are.
func overlaps(ctx context.Context, t *target, other *selection.Webhooks, name string) (found []overlap, err error) {
	keys := &t.config.Policy().Keys
	for _, way := range waysOf(t.config) {
		namespace := &metav1.ObjectMeta{Name: "sidecar-injector-check", Labels: map[string]string{corev1.LabelMetadataName: "sidecar-injector-check"}}
		maps.Copy(namespace.Labels, way.namespace)
		pod := simulate.WithDefaults(way.pod())
		ours, err := called(ctx, t.webhooks, keys, namespace, pod)
		if err != nil {
			return nil, err
		}
		if len(ours) == 0 {
			continue
		}
		theirs, err := called(ctx, other, keys, namespace, pod)
		if err != nil {
			return nil, err
		}
		for _, entry := range theirs {
			found = append(found, overlap{name, entry, way.pods})
		}
	}
	return found, nil
}

// called returns the entries that are called for a pod and inject sidecars: those of this program's injectors, and those of
// the mesh that has the words.
func called(ctx context.Context, webhooks *selection.Webhooks, keys *templates.Keys, namespace *metav1.ObjectMeta, pod map[string]any) (names []string, err error) {
	calls, err := webhooks.For(ctx, namespace, pod)
	for i := range calls {
		if calls[i].Called && (calls[i].Scope != "" || isOfMesh(calls[i].Webhook, keys.Inject)) {
			names = append(names, calls[i].Webhook)
		}
	}
	return names, err
}

// isOfMesh says by its name whether a webhook is the injector of the mesh whose key pods ask by: Istio's, or that of a mesh
// whose domain both have, such as linkerd-proxy-injector.linkerd.io and linkerd.io/inject.
func isOfMesh(name, key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return strings.HasSuffix(name, "sidecar-injector.istio.io") || strings.HasSuffix(name, "."+domain)
}

// checkPodSecurity checks whether the namespaces that opted in let injected pods in: whether a pod that keeps each level of
// Pod Security keeps it with its sidecar.
func checkPodSecurity(s section, config *webhook.Config, namespaces []corev1.Namespace) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		s.unknown("pod-security", err)
		return
	}
	var refusing []string
	why := ""
	for i := range namespaces {
		namespace := &namespaces[i]
		levels, invalid := api.PolicyToEvaluate(namespace.Labels, api.Policy{Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}})
		if len(invalid) > 0 || levels.Enforce.Level == api.LevelPrivileged {
			continue
		}
		injected, err := config.Engine().Inject(templates.Input{Pod: sample(), Namespace: namespace.ObjectMeta})
		if err != nil {
			s.add("pod-security", Failed, "sidecar-injector lint says more", "a minimal pod in namespace %q cannot be injected: %v", namespace.Name, err)
			return
		}
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(injected.Pod, &pod); err != nil {
			s.unknown("pod-security", err)
			return
		}
		if result := policy.AggregateCheckResults(evaluator.EvaluatePod(levels.Enforce, &pod.ObjectMeta, &pod.Spec)); !result.Allowed {
			refusing = append(refusing, fmt.Sprintf("%s (%s)", namespace.Name, levels.Enforce.Level))
			why = result.ForbiddenDetail()
		}
	}
	if len(refusing) > 0 {
		s.add("pod-security", Failed, fmt.Sprintf("label such a namespace %s=%s, or let its pods do without what needs it (docs/security.md)", api.EnforceLevelLabel, api.LevelPrivileged),
			"namespaces that refuse injected pods by the Pod Security that they enforce: %s. Such a pod is refused: %s", strings.Join(refusing, ", "), why)
		return
	}
	s.ok("pod-security", "namespaces that opted in: %d; none refuses injected pods by Pod Security", len(namespaces))
}
