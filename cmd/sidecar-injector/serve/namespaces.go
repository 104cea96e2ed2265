package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespaces knows the labels and annotations of all namespaces. It is fed by a
// watch and answers from memory, so that an admission never waits for the API.
type namespaces struct {
	known  sync.Map // name → *metav1.ObjectMeta
	reader client.Reader
	synced func() bool
}

// watchNamespaces returns what the cache's watch of the namespaces, as metadata
// only, will fill once the cache is started; reader asks the API server itself.
func watchNamespaces(ctx context.Context, from cache.Cache, reader client.Reader) (*namespaces, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	informer, err := from.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch namespaces: %w", err)
	}
	n := &namespaces{reader: reader}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    n.store,
		UpdateFunc: func(_, changed any) { n.store(changed) },
		DeleteFunc: n.remove,
	})
	if err != nil {
		return nil, fmt.Errorf("watch namespaces: %w", err)
	}
	n.synced = registration.HasSynced
	return n, nil
}

// Namespace returns what is known of a namespace, or nil. The result must not be
// changed. It may be called concurrently.
func (n *namespaces) Namespace(name string) *metav1.ObjectMeta {
	if found, ok := n.known.Load(name); ok {
		return found.(*metav1.ObjectMeta)
	}
	return nil
}

// ReadNamespace asks the API server for a namespace that is not known yet.
func (n *namespaces) ReadNamespace(ctx context.Context, name string) (*metav1.ObjectMeta, error) {
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := n.reader.Get(ctx, client.ObjectKey{Name: name}, found)
	return &found.ObjectMeta, err
}

// ready reports, for people, that the namespaces are not known yet.
func (n *namespaces) ready() error {
	if !n.synced() {
		return errors.New("waiting for the API server to list the namespaces")
	}
	return nil
}

func (n *namespaces) store(object any) {
	if found, ok := object.(*metav1.PartialObjectMetadata); ok {
		n.known.Store(found.Name, &metav1.ObjectMeta{
			Name: found.Name, Labels: found.Labels, Annotations: found.Annotations,
		})
	}
}

func (n *namespaces) remove(object any) {
	if name, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
		n.known.Delete(name.Name)
	}
}
