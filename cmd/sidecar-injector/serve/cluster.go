package serve

import (
	"fmt"
	"net/http"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// clusterConfig returns how to reach the cluster: by the kubeconfig file if one
// is named, else the cluster this process runs in.
func clusterConfig(options *Options) (*rest.Config, error) {
	var config *rest.Config
	var err error
	if options.Kubeconfig != "" {
		if err := files.CheckRegular(options.Kubeconfig); err != nil {
			return nil, fmt.Errorf("read --kubeconfig %q: %w", options.Kubeconfig, err)
		}
		config, err = clientcmd.BuildConfigFromFlags("", options.Kubeconfig)
	} else {
		config, err = rest.InClusterConfig()
	}
	if err != nil {
		return nil, fmt.Errorf("find the cluster (--kubeconfig names one outside): %w", err)
	}
	config.UserAgent = "sidecar-injector/" + options.Version
	return config, nil
}

// newScheme returns a scheme of only the types that serve reads and writes.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion,
		&corev1.ConfigMap{}, &corev1.ConfigMapList{},
		&corev1.Secret{}, &corev1.SecretList{},
		&corev1.Namespace{}, &corev1.NamespaceList{},
		&corev1.Node{}, &corev1.NodeList{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	scheme.AddKnownTypes(admissionv1.SchemeGroupVersion,
		&admissionv1.MutatingWebhookConfiguration{}, &admissionv1.MutatingWebhookConfigurationList{},
		&admissionv1.ValidatingWebhookConfiguration{}, &admissionv1.ValidatingWebhookConfigurationList{})
	metav1.AddToGroupVersion(scheme, admissionv1.SchemeGroupVersion)
	scheme.AddKnownTypes(discoveryv1.SchemeGroupVersion, &discoveryv1.EndpointSlice{}, &discoveryv1.EndpointSliceList{})
	metav1.AddToGroupVersion(scheme, discoveryv1.SchemeGroupVersion)
	scheme.AddKnownTypes(cmapi.SchemeGroupVersion, &cmapi.Certificate{}, &cmapi.CertificateList{})
	metav1.AddToGroupVersion(scheme, cmapi.SchemeGroupVersion)
	return scheme
}

// newMapper maps the scheme's types to resources without asking the API server:
// serve then starts without it, and needs no right of discovery.
func newMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"ConfigMap", "Secret"} {
		mapper.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), meta.RESTScopeRoot)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Node"), meta.RESTScopeRoot)
	mapper.Add(discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), meta.RESTScopeNamespace)
	mapper.Add(cmapi.SchemeGroupVersion.WithKind("Certificate"), meta.RESTScopeNamespace)
	mapper.Add(istio.ProxyConfigKind(), meta.RESTScopeNamespace)
	mapper.Add(admissionv1.SchemeGroupVersion.WithKind("MutatingWebhookConfiguration"), meta.RESTScopeRoot)
	mapper.Add(admissionv1.SchemeGroupVersion.WithKind("ValidatingWebhookConfiguration"), meta.RESTScopeRoot)
	return mapper, nil
}

// cacheOptions restricts the cache to the objects that serve was told of, which
// is all that its role allows it to watch.
func cacheOptions(options *Options, namespace string) cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		// What is read is never written to.
		DefaultUnsafeDisableDeepCopy: new(true),
		// Each object has its informer from the start: another one is a mistake.
		ReaderFailOnMissingInformer: true,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.ConfigMap{}: onlyOne(namespace, options.ConfigMap),
			&corev1.Secret{}:    onlyOne(namespace, options.TLSSecret),
			&corev1.Node{}:      {Transform: onlyVersion},
			&admissionv1.MutatingWebhookConfiguration{}: {
				Field: fields.OneTermEqualSelector(metav1.ObjectNameField, options.WebhookConfiguration),
				// Its managedFields say since when it stands there as it does.
				Transform: asItIs,
			},
			&admissionv1.ValidatingWebhookConfiguration{}: {
				Field:     fields.OneTermEqualSelector(metav1.ObjectNameField, options.ConfigWebhook),
				Transform: asItIs,
			},
		},
	}
}

// onlyOne restricts a cache to the object of that name.
func onlyOne(namespace, name string) cache.ByObject {
	return cache.ByObject{Namespaces: map[string]cache.Config{
		namespace: {FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name)},
	}}
}

// asItIs leaves an object its managedFields.
func asItIs(object any) (any, error) { return object, nil }
