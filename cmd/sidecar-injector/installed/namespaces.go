package installed

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
)

// Namespaces lists the metadata of all namespaces, in pages.
func Namespaces(ctx context.Context, client kubernetes.Interface) ([]metav1.ObjectMeta, error) {
	var all []metav1.ObjectMeta
	err := eachPage(ctx, func(ctx context.Context, page metav1.ListOptions) (runtime.Object, error) {
		return client.CoreV1().Namespaces().List(ctx, page)
	}, func(object runtime.Object) error {
		if namespace, ok := object.(*corev1.Namespace); ok {
			all = append(all, namespace.ObjectMeta)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	return all, nil
}
