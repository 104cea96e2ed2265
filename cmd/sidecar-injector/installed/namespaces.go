package installed

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Namespaces lists the metadata of all namespaces.
func Namespaces(ctx context.Context, reader client.Reader) ([]metav1.ObjectMeta, error) {
	var all []metav1.ObjectMeta
	page := &corev1.NamespaceList{}
	err := EachPage(ctx, reader, page, func() error {
		for i := range page.Items {
			all = append(all, page.Items[i].ObjectMeta)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	return all, nil
}

// pageSize is how many objects are asked for at once, as kubectl does.
const pageSize = 500

// EachPage lists objects in pages: it fills list with one after the other and calls visit for each. What visit keeps of a
// page stays as it is. Where the API server does not remember the list's beginning any more, the rest is as it is by now.
func EachPage(ctx context.Context, reader client.Reader, list client.ObjectList, visit func() error, options ...client.ListOption) error {
	for next := ""; ; {
		err := reader.List(ctx, list, append(options, client.Limit(pageSize), client.Continue(next))...)
		if rest := restOf(err); rest != "" && rest != next {
			next = rest
			continue
		}
		if err != nil {
			return err
		}
		if err := visit(); err != nil {
			return err
		}
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

// restOf returns where a list goes on of which the API server does not remember the beginning, empty for other errors.
func restOf(err error) string {
	var status *apierrors.StatusError
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return ""
	}
	return status.ErrStatus.Continue
}
