package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// advise adds to an error of looking for the injector what can be done.
func advise(err error) error {
	_, unreachable := errors.AsType[*url.Error](err)
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w: ask for this permission, or name a copy of the injector's configuration with --config", err)
	case unreachable:
		return fmt.Errorf("%w: --context and --kubeconfig choose another cluster", err)
	}
	return err
}

// namespacesOneByOne reads the namespaces of the documents where the cluster's may not be listed: who works in one
// namespace may read that one. A namespace that does not exist has no labels, and so has one that may not be read if the
// flags say what labels there are.
func (in *input) namespacesOneByOne(ctx context.Context, labelled bool) error {
	if in.cluster == nil || len(in.live) > 0 {
		return nil
	}
	seen := map[string]bool{}
	for i := range in.documents {
		err := manifest.Visit(&in.documents[i], func(at manifest.Place) error {
			name := at.Namespace
			if name == "" {
				name = in.namespace
			}
			if seen[name] {
				return nil
			}
			seen[name] = true
			namespace := &corev1.Namespace{}
			err := in.cluster.Client.Get(ctx, client.ObjectKey{Name: name}, namespace)
			switch {
			case apierrors.IsNotFound(err), apierrors.IsForbidden(err) && labelled:
				return nil
			case apierrors.IsForbidden(err):
				return fmt.Errorf("read namespace %q: %w: ask for this permission, or say its labels with --namespace-labels", name, err)
			case err != nil:
				return fmt.Errorf("read namespace %q: %w", name, err)
			}
			in.live = append(in.live, namespace.ObjectMeta)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
