package manifest

import (
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Namespaces is what is known of the namespaces that workloads go to: their labels, which the API server's selectors
// look at, and their annotations, which pods inherit. It is not changed after it is made, so any number of goroutines
// may use it.
type Namespaces struct {
	known map[string]*metav1.ObjectMeta
	// everywhere is the labels of a namespace that no document describes.
	everywhere map[string]string
}

// ParseLabels parses `key=value,key=value`, checking both as the API server does. No text is no labels.
func ParseLabels(text string) (map[string]string, error) {
	set, err := labels.ConvertSelectorToLabelsMap(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not key=value,key=value with valid label keys and values: %s", text, oneLine(err))
	}
	return set, nil
}

// NewNamespaces reads the Namespace documents, those in lists too. A document wins over a live namespace of its name. The
// labels everywhere are added to every namespace and win over all others.
func NewNamespaces(documents []Document, everywhere map[string]string, live ...metav1.ObjectMeta) (*Namespaces, error) {
	namespaces := &Namespaces{known: map[string]*metav1.ObjectMeta{}, everywhere: maps.Clone(everywhere)}
	for i := range live {
		meta := metav1.ObjectMeta{Name: live[i].Name, Labels: maps.Clone(live[i].Labels), Annotations: live[i].Annotations}
		for key, value := range everywhere {
			metav1.SetMetaDataLabel(&meta, key, value)
		}
		namespaces.known[meta.Name] = &meta
	}
	for i := range documents {
		err := Visit(&documents[i], func(at Place) error {
			if at.APIVersion != "v1" || at.Kind != "Namespace" {
				return nil
			}
			meta, err := namespaceMeta(at)
			if err != nil {
				return at.Errorf("%w", err)
			}
			for key, value := range everywhere {
				metav1.SetMetaDataLabel(meta, key, value)
			}
			namespaces.known[at.Name] = meta
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return namespaces, nil
}

func namespaceMeta(at Place) (*metav1.ObjectMeta, error) {
	metadata, _, err := objectField(at.Object, "metadata")
	if err != nil {
		return nil, err
	}
	meta := &metav1.ObjectMeta{Name: at.Name}
	if meta.Labels, err = stringMap(metadata, "metadata", "labels"); err != nil {
		return nil, err
	}
	if meta.Annotations, err = stringMap(metadata, "metadata", "annotations"); err != nil {
		return nil, err
	}
	return meta, nil
}

// Namespace returns labels and annotations of a namespace; of one that no document describes, the labels that all
// have. The caller must not change it. It implements webhook.Namespaces.
func (n *Namespaces) Namespace(name string) *metav1.ObjectMeta {
	if meta, ok := n.known[name]; ok {
		return meta
	}
	return &metav1.ObjectMeta{Name: name, Labels: n.everywhere}
}
