package preview

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// compare asks the API server, in dry runs, what it makes of the workload's pod as it was submitted, and of the pod that
// preview says comes out, with an opt-out. What the server fills in stands on both sides then, and nothing is left but the
// injection: the result is the unified diff of the two, empty if they are the same. template is the previewed one.
func (p *Previewer) compare(ctx context.Context, w manifest.Workload, namespace string, template map[string]any) (string, error) {
	submitted := simulate.PodOf(w, namespace)
	answered, err := p.dryRun(ctx, submitted)
	if err != nil {
		return "", fmt.Errorf("ask the API server: %w", err)
	}
	pod := previewedPod(w, namespace, submitted, template)
	policy := p.options.Handler.Config().Policy()
	key, place := policy.Keys.Inject, policy.Trigger.Places()[0]
	_, no := policy.Trigger.Words()
	words := wordsOf(pod, place)
	own, had := words[key]
	words[key] = no
	expected, err := p.dryRun(ctx, pod)
	if err != nil {
		return "", fmt.Errorf("ask the API server about the previewed pod: %w", err)
	}
	if words := wordsOf(expected, place); had {
		words[key] = own
	} else {
		delete(words, key)
	}
	before, err := yaml.Marshal(comparable(expected))
	if err != nil {
		return "", err
	}
	after, err := yaml.Marshal(comparable(answered))
	return string(diff.Diff("previewed", before, "server", after)), err
}

// wordsOf returns the labels or annotations of a pod, to be changed.
func wordsOf(pod templates.Pod, place templates.Place) map[string]any {
	if place == templates.PlaceLabel {
		return pod.Labels()
	}
	return pod.Annotations()
}

// previewedPod is the pod that preview says comes out. What the workload's controller makes of the
// template's hash is that of the submitted one: the controller never sees another.
func previewedPod(w manifest.Workload, namespace string, submitted, template map[string]any) map[string]any {
	w.Template = template
	pod := simulate.PodOf(w, namespace)
	labels := templates.Pod(pod).Labels()
	before := templates.Pod(submitted).Labels()
	for _, key := range []string{appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey} {
		if hash, made := before[key]; made {
			labels[key] = hash
		}
	}
	metadata, _ := pod["metadata"].(map[string]any)
	was, _ := submitted["metadata"].(map[string]any)
	for _, field := range []string{"generateName", "ownerReferences"} {
		if was[field] != nil {
			metadata[field] = was[field]
		}
	}
	return pod
}

// dryRun returns what the API server would store of a pod. One whose name is taken is asked about under another.
func (p *Previewer) dryRun(ctx context.Context, pod map[string]any) (map[string]any, error) {
	object := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(pod)}
	err := p.options.Server.Create(ctx, object, client.DryRunAll)
	if apierrors.IsAlreadyExists(err) {
		object = &unstructured.Unstructured{Object: runtime.DeepCopyJSON(pod)}
		object.SetGenerateName(object.GetName() + "-")
		object.SetName("")
		err = p.options.Server.Create(ctx, object, client.DryRunAll)
	}
	return object.Object, err
}

// comparable returns of a pod that the API server answered what does not differ in any two creations of one pod: labels,
// annotations and the spec, with the random names of token volumes made equal, and the volumes in order.
func comparable(pod map[string]any) map[string]any {
	kept := map[string]any{}
	metadata, _ := pod["metadata"].(map[string]any)
	for _, field := range []string{"labels", "annotations"} {
		if values, _ := metadata[field].(map[string]any); len(values) > 0 {
			kept[field] = values
		}
	}
	spec, _ := simulate.EqualTokenNames(runtime.DeepCopyJSONValue(pod["spec"])).(map[string]any)
	if volumes, ok := spec["volumes"].([]any); ok {
		slices.SortFunc(volumes, func(a, b any) int { return cmp.Compare(nameOf(a), nameOf(b)) })
	}
	return map[string]any{"metadata": kept, "spec": spec}
}

func nameOf(element any) string {
	object, _ := element.(map[string]any)
	return simulate.Text(object, "name")
}
