package lint

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// outcome is what comes out of a case.
type outcome struct {
	// injected says that the pod is. text is the pod then, in YAML, otherwise one line that says why it is not.
	injected bool
	text     string
	// problem says that the case fails whatever it wants; empty if it does not.
	problem string
}

// outcomeOf previews a case's pod. Without a namespace of its own the pod stands in one that opted in.
func outcomeOf(ctx context.Context, folder string, sources Sources) (outcome, error) {
	config, err := sources.Files.Load(ctx, sources.Over)
	if err != nil {
		return outcome{problem: err.Error()}, nil
	}
	pod, err := readDocument(folder, podFile)
	if err != nil {
		return outcome{}, err
	}
	documents, keys := []manifest.Document{*pod}, config.Engine().Profile().Keys
	optedIn := map[string]string{keys.NamespaceLabel: keys.NamespaceLabelValue}
	options := preview.Options{}
	if exists(filepath.Join(folder, namespaceFile)) {
		namespace, err := readDocument(folder, namespaceFile)
		if err != nil {
			return outcome{}, err
		}
		metadata, _ := namespace.Object["metadata"].(map[string]any)
		options.Namespace, _ = metadata["name"].(string)
		if namespace.Object["kind"] != "Namespace" || options.Namespace == "" {
			return outcome{}, fmt.Errorf("%s is no Namespace with a name", namespaceFile)
		}
		metadata, _ = pod.Object["metadata"].(map[string]any)
		if of, _ := metadata["namespace"].(string); of != "" && of != options.Namespace {
			return outcome{}, fmt.Errorf("%s is of the namespace %q, %s of %q", podFile, of, namespaceFile, options.Namespace)
		}
		documents, optedIn = append(documents, *namespace), nil
	}
	if options.Namespaces, err = manifest.NewNamespaces(documents, optedIn); err != nil {
		return outcome{}, err
	}
	if options.Webhooks, err = selection.Default(config); err != nil {
		return outcome{}, err
	}
	if options.Handler, err = webhook.New(webhook.Options{Config: config, Namespaces: options.Namespaces}); err != nil {
		return outcome{}, err
	}
	previewer, err := preview.New(options)
	if err != nil {
		return outcome{}, err
	}
	return injectCase(ctx, previewer, pod, keys)
}

// injectCase injects a case's pod, and once more, which must change nothing.
func injectCase(ctx context.Context, previewer *preview.Previewer, pod *manifest.Document, keys templates.Keys) (outcome, error) {
	result, err := previewer.Preview(ctx, pod)
	if refusal, ok := errors.AsType[*preview.RefusedError](err); ok {
		err = refusal // without the place of the pod, which is known
	}
	if err != nil {
		return outcome{text: line(err.Error())}, nil
	}
	if len(result.Workloads) != 1 || result.Workloads[0].Kind != "Pod" {
		return outcome{}, fmt.Errorf("%s is no Pod", podFile)
	}
	workload := result.Workloads[0]
	switch {
	case workload.NotCalled != "":
		return outcome{text: line("not injected: " + workload.NotCalled)}, nil
	case workload.Decision != "inject":
		return outcome{text: line(strings.Join(append([]string{"not injected: " + workload.Reason}, workload.Warnings...), ": "))}, nil
	}
	injected := manifest.FromObject(podFile, result.Object)
	again, err := previewer.Preview(ctx, &injected)
	if err != nil {
		return outcome{problem: "injected again it fails: " + err.Error()}, nil
	}
	if patch := again.Workloads[0].Patch; patch != nil {
		return outcome{problem: fmt.Sprintf("injected again it changes: %d operations, the first of them %s %s", len(patch), patch[0].Operation, patch[0].Path)}, nil
	}
	// The status is the engine's own affair: it changes with every change of a template.
	text, err := withoutStatus(result.Object, keys.Status)
	return outcome{injected: true, text: text}, err
}

// withoutStatus returns an object in YAML without the annotation of that key. It does not change the object.
func withoutStatus(object map[string]any, key string) (string, error) {
	encoded, err := yaml.Marshal(object)
	if err != nil {
		return "", err
	}
	copied := map[string]any{}
	if err := yaml.Unmarshal(encoded, &copied); err != nil {
		return "", err
	}
	annotations := templates.Pod(copied).Annotations()
	if delete(annotations, key); len(annotations) == 0 {
		delete(templates.Child(copied, "metadata"), "annotations")
	}
	encoded, err = yaml.Marshal(copied)
	return string(encoded), err
}

func line(text string) string { return strings.Join(strings.Fields(text), " ") + "\n" }

// readDocument reads a file of a case, which must have one object in it.
func readDocument(folder, name string) (*manifest.Document, error) {
	content, err := readCaseFile(folder, name)
	if err != nil {
		return nil, err
	}
	documents, err := manifest.Parse(name, content)
	if err != nil {
		return nil, err
	}
	if len(documents) != 1 || documents[0].Object == nil {
		return nil, fmt.Errorf("%s has %d objects, want one", name, len(documents))
	}
	return &documents[0], nil
}
