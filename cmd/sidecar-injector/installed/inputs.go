package installed

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/pager"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/serve"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// readInputs reads what a serve with these options makes its configuration of.
func readInputs(ctx context.Context, client kubernetes.Interface, resources dynamic.Interface, options *serve.Options) (*configuration.Inputs, error) {
	if options.ConfigFile != "" || options.ValuesFile != "" {
		return nil, errors.New("it reads files in its container (its own flags --config and --values): --config names a copy")
	}
	data, err := configMap(ctx, client, options.Namespace, options.ConfigMap)
	if err != nil {
		return nil, err
	}
	inputs := &configuration.Inputs{Config: []byte(data["config"]), Values: []byte(data["values"])}
	if options.IstioNamespace != "" {
		if inputs.Istio, err = istioSources(ctx, client, resources, options); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

func configMap(ctx context.Context, client kubernetes.Interface, namespace, name string) (map[string]string, error) {
	found, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	return found.Data, nil
}

// istioSources reads what serve watches of an Istio installation.
func istioSources(ctx context.Context, client kubernetes.Interface, resources dynamic.Interface, options *serve.Options) (*istio.Sources, error) {
	names := istio.ConfigMapsOf(options.IstioRevision)
	injector, err := configMap(ctx, client, options.IstioNamespace, names.Injector)
	if err != nil {
		return nil, err
	}
	mesh, err := configMap(ctx, client, options.IstioNamespace, names.Mesh)
	if err != nil {
		return nil, err
	}
	sources := istio.FromConfigMaps(injector, mesh)
	sources.Revision = options.IstioRevision
	sources.OpenShift = options.IstioOpenShift
	sources.CompliancePolicy = options.IstioCompliancePolicy
	sources.NativeSidecars = true
	err = eachPage(ctx, func(ctx context.Context, page metav1.ListOptions) (runtime.Object, error) {
		return client.CoreV1().Nodes().List(ctx, page)
	}, func(object runtime.Object) error {
		if node, ok := object.(*corev1.Node); ok && !serve.RunsNativeSidecars(node) {
			sources.NativeSidecars = false
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	sources.ProxyConfigs, err = proxyConfigs(ctx, resources)
	return &sources, err
}

// proxyConfigs lists the resources of that kind; a cluster without the kind has none. One that cannot be read is left
// out, as serve does.
func proxyConfigs(ctx context.Context, resources dynamic.Interface) ([]istio.ProxyConfig, error) {
	resource, _ := meta.UnsafeGuessKindToResource(istio.ProxyConfigKind())
	list, err := resources.Resource(resource).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list ProxyConfigs: %w", err)
	}
	var found []istio.ProxyConfig
	err = list.EachListItem(func(object runtime.Object) error {
		if item, ok := object.(*unstructured.Unstructured); ok {
			if decoded, err := istio.DecodeProxyConfig(item.Object); err == nil {
				found = append(found, decoded)
			}
		}
		return nil
	})
	return found, err
}

// eachPage visits the objects of a list, fetched in pages.
func eachPage(ctx context.Context, list pager.ListPageFunc, visit func(runtime.Object) error) error {
	return pager.New(list).EachListItem(ctx, metav1.ListOptions{}, visit)
}
