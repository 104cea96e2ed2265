package configuration

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// parseIstio makes a configuration of an Istio installation's own. What the file sets is ours: it replaces what the
// installation says of policy and selectors, its templates and aliases are laid over the installation's, and its
// namespaces are excluded too. The zero value changes nothing. The revision is that of the file, or else of the sources.
func (in *Inputs) parseIstio(file webhook.ConfigFile) (*webhook.Config, error) {
	sources := *in.Istio
	if file.Revision == "" { // Istio's is no name of ours
		file.RevisionTags = append(slices.Clone(file.RevisionTags), webhook.DefaultRevision)
	}
	sources.Revision = cmp.Or(file.Revision, sources.Revision)
	installation, err := istio.Load(sources)
	if err != nil {
		if wrong, ok := errors.AsType[*istio.SourceError](err); ok && wrong.Path != "" && wrong.Source == webhook.SourceValues {
			wrong.Line = strictyaml.Line(in.origin().Istio.Values, wrong.Path)
		}
		return nil, fmt.Errorf("read the configuration of Istio: %w", err)
	}
	file.Revision = sources.Revision
	file.Policy = cmp.Or(file.Policy, installation.Policy)
	if len(file.NeverInjectSelector) == 0 {
		file.NeverInjectSelector = installation.NeverInject
	}
	if len(file.AlwaysInjectSelector) == 0 {
		file.AlwaysInjectSelector = installation.AlwaysInject
	}
	file.ExcludedNamespaces = slices.Concat(file.ExcludedNamespaces, installation.ExcludedNamespaces)
	return webhook.NewConfig(installation.Profile, file, nil)
}

// IstioSources finds the ConfigMaps of Istio's injector among exported objects, those in a List included. An empty
// revision is the one without a name.
func IstioSources(documents []manifest.Document, revision string) (istio.Sources, error) {
	names := istio.ConfigMapsOf(revision)
	found := map[string]map[string]string{}
	note := func(object map[string]any) error {
		kind, _ := object["kind"].(string)
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		if kind != "ConfigMap" || name != names.Injector && name != names.Mesh {
			return nil
		}
		data, _, err := unstructured.NestedStringMap(object, "data")
		if err != nil {
			return fmt.Errorf("ConfigMap %q: %w", name, err)
		}
		if _, twice := found[name]; twice {
			return fmt.Errorf("ConfigMap %q is there twice", name)
		}
		found[name] = data
		return nil
	}
	for _, document := range documents {
		objects := []any{document.Object}
		if items, isList := document.Object["items"].([]any); isList {
			objects = items
		}
		for _, object := range objects {
			if object, ok := object.(map[string]any); ok {
				if err := note(object); err != nil {
					return istio.Sources{}, fmt.Errorf("%s: %w", &document, err)
				}
			}
		}
	}
	for _, name := range []string{names.Injector, names.Mesh} {
		if _, ok := found[name]; !ok {
			return istio.Sources{}, fmt.Errorf("no ConfigMap %q", name)
		}
	}
	return istio.FromConfigMaps(found[names.Injector], found[names.Mesh]), nil
}
