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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/serve"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// readInputs reads what a serve with these options makes its configuration of, and the metadata of the ConfigMap.
func readInputs(ctx context.Context, reader client.Reader, options *serve.Options) (*configuration.Inputs, *metav1.ObjectMeta, error) {
	if options.ConfigFile != "" || options.ValuesFile != "" || options.ProfileFolder != "" {
		return nil, nil, errors.New("it reads files in its container (its own flags --config, --values and --profile): --config or --profile names a copy")
	}
	found, err := configMap(ctx, reader, options.Namespace, options.ConfigMap)
	if err != nil {
		return nil, nil, err
	}
	inputs := configuration.FromConfigMap(found)
	if options.IstioNamespace != "" {
		if inputs.Istio, err = istioSources(ctx, reader, options); err != nil {
			return nil, nil, err
		}
	}
	names, err := options.SourceNames()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		source, err := configMap(ctx, reader, name.Namespace, name.Name)
		if err != nil {
			return nil, nil, err
		}
		if inputs.Sources == nil {
			inputs.Sources = map[string]map[string]string{}
		}
		inputs.Sources[name.Name] = source.Data
	}
	return inputs, &found.ObjectMeta, nil
}

func configMap(ctx context.Context, reader client.Reader, namespace, name string) (*corev1.ConfigMap, error) {
	found := &corev1.ConfigMap{}
	if err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, found); err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	return found, nil
}

// istioSources reads what serve watches of an Istio installation.
func istioSources(ctx context.Context, reader client.Reader, options *serve.Options) (*istio.Sources, error) {
	names := istio.ConfigMapsOf(options.IstioRevision)
	injector, err := configMap(ctx, reader, options.IstioNamespace, names.Injector)
	if err != nil {
		return nil, err
	}
	mesh, err := configMap(ctx, reader, options.IstioNamespace, names.Mesh)
	if err != nil {
		return nil, err
	}
	sources := istio.FromConfigMaps(injector.Data, mesh.Data)
	sources.Revision = options.IstioRevision
	sources.OpenShift = options.IstioOpenShift
	sources.CompliancePolicy = options.IstioCompliancePolicy
	sources.NativeSidecars = true
	nodes := &corev1.NodeList{}
	err = EachPage(ctx, reader, nodes, func() error {
		for i := range nodes.Items {
			sources.NativeSidecars = sources.NativeSidecars && serve.RunsNativeSidecars(&nodes.Items[i])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	sources.ProxyConfigs, err = proxyConfigs(ctx, reader)
	return &sources, err
}

// proxyConfigs lists the resources of that kind; a cluster without the kind has none. One that cannot be read is left
// out, as serve does.
func proxyConfigs(ctx context.Context, reader client.Reader) ([]istio.ProxyConfig, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(istio.ProxyConfigKind())
	err := reader.List(ctx, list)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list ProxyConfigs: %w", err)
	}
	var found []istio.ProxyConfig
	for i := range list.Items {
		if decoded, err := istio.DecodeProxyConfig(list.Items[i].Object); err == nil {
			found = append(found, decoded)
		}
	}
	return found, nil
}
