package certificates

import (
	"context"
	"fmt"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// objects are those that a Status is made from. Nil: it does not exist.
type objects struct {
	certificate   *cmapi.Certificate
	secret        *corev1.Secret
	configuration *admissionv1.MutatingWebhookConfiguration
}

// newScheme returns a scheme of only the types that are read here.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Secret{}, &corev1.Service{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	scheme.AddKnownTypes(admissionv1.SchemeGroupVersion, &admissionv1.MutatingWebhookConfiguration{})
	metav1.AddToGroupVersion(scheme, admissionv1.SchemeGroupVersion)
	scheme.AddKnownTypes(discoveryv1.SchemeGroupVersion, &discoveryv1.EndpointSlice{}, &discoveryv1.EndpointSliceList{})
	metav1.AddToGroupVersion(scheme, discoveryv1.SchemeGroupVersion)
	scheme.AddKnownTypes(cmapi.SchemeGroupVersion, &cmapi.Certificate{}, &cmapi.CertificateList{}, &cmapi.Issuer{})
	metav1.AddToGroupVersion(scheme, cmapi.SchemeGroupVersion)
	return scheme
}

// newMapper maps the scheme's types to resources without asking the API server.
func newMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"Secret", "Service"} {
		mapper.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	mapper.Add(discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), meta.RESTScopeNamespace)
	mapper.Add(admissionv1.SchemeGroupVersion.WithKind("MutatingWebhookConfiguration"), meta.RESTScopeRoot)
	mapper.Add(cmapi.SchemeGroupVersion.WithKind("Certificate"), meta.RESTScopeNamespace)
	mapper.Add(cmapi.SchemeGroupVersion.WithKind("Issuer"), meta.RESTScopeNamespace)
	return mapper
}

// read reads the objects by their names. That one does not exist is no error; that
// none of them does is one.
func (i *Injector) read(ctx context.Context) (*objects, error) {
	certificate, secret, configuration := &cmapi.Certificate{}, &corev1.Secret{}, &admissionv1.MutatingWebhookConfiguration{}
	var found objects
	if ok, err := i.get(ctx, i.pairName(), certificate); err != nil {
		return nil, err
	} else if ok {
		found.certificate = certificate
	}
	if ok, err := i.get(ctx, i.pairName(), secret); err != nil {
		return nil, err
	} else if ok {
		found.secret = secret
	}
	if ok, err := i.get(ctx, client.ObjectKey{Name: i.options.Name}, configuration); err != nil {
		return nil, err
	} else if ok {
		found.configuration = configuration
	}
	if found == (objects{}) {
		return nil, fmt.Errorf("find the injector: there is no Certificate and no Secret %q in namespace %q, and no MutatingWebhookConfiguration %q (-n and --name say where it is)",
			i.pairName().Name, i.options.Namespace, i.options.Name)
	}
	return &found, nil
}

// get reads one object, and reports whether it exists.
func (i *Injector) get(ctx context.Context, key client.ObjectKey, into client.Object) (bool, error) {
	err := i.client.Get(ctx, key, into)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		kind := "object"
		if known, err := i.client.GroupVersionKindFor(into); err == nil {
			kind = known.Kind
		}
		return false, fmt.Errorf("read %s %q: %w", kind, name(key), err)
	}
	return true, nil
}

// name is how an object is named to people: namespace/name, or name alone.
func name(key client.ObjectKey) string {
	if key.Namespace == "" {
		return key.Name
	}
	return key.String()
}
