package cluster

import (
	"context"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// Cluster is a connection to a cluster. Its methods may be called concurrently.
type Cluster struct {
	flags *Flags
	// Config says how to reach the API server. It must not be changed.
	Config *rest.Config
	// Client knows the kinds that the commands look at.
	Client client.Client
	// Namespace is the one that -n names, else that of the kubeconfig's context, else "default".
	Namespace string
}

// Injector finds the injector that --injector names, or the only one; installed.ErrNone says that there is none.
func (c *Cluster) Injector(ctx context.Context) (*installed.Injector, error) {
	return installed.Find(ctx, c.Client, c.flags.Injector)
}

// Namespaces lists the metadata of all namespaces.
func (c *Cluster) Namespaces(ctx context.Context) ([]metav1.ObjectMeta, error) {
	return installed.Namespaces(ctx, c.Client)
}

// newScheme returns a scheme of only the types that commands look at: client-go's own makes the program many megabytes
// larger.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion,
		&corev1.ConfigMap{}, &corev1.ConfigMapList{},
		&corev1.Namespace{}, &corev1.NamespaceList{},
		&corev1.Node{}, &corev1.NodeList{},
		&corev1.Pod{}, &corev1.PodList{},
		&corev1.Service{}, &corev1.ServiceList{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	scheme.AddKnownTypes(appsv1.SchemeGroupVersion,
		&appsv1.DaemonSet{}, &appsv1.DaemonSetList{},
		&appsv1.Deployment{}, &appsv1.DeploymentList{},
		&appsv1.ReplicaSet{}, &appsv1.ReplicaSetList{},
		&appsv1.StatefulSet{}, &appsv1.StatefulSetList{})
	metav1.AddToGroupVersion(scheme, appsv1.SchemeGroupVersion)
	scheme.AddKnownTypes(batchv1.SchemeGroupVersion, &batchv1.Job{}, &batchv1.JobList{})
	metav1.AddToGroupVersion(scheme, batchv1.SchemeGroupVersion)
	scheme.AddKnownTypes(admissionregistrationv1.SchemeGroupVersion,
		&admissionregistrationv1.MutatingWebhookConfiguration{}, &admissionregistrationv1.MutatingWebhookConfigurationList{})
	metav1.AddToGroupVersion(scheme, admissionregistrationv1.SchemeGroupVersion)
	scheme.AddKnownTypes(authorizationv1.SchemeGroupVersion, &authorizationv1.SelfSubjectAccessReview{})
	metav1.AddToGroupVersion(scheme, authorizationv1.SchemeGroupVersion)
	scheme.AddKnownTypes(eventsv1.SchemeGroupVersion, &eventsv1.Event{}, &eventsv1.EventList{})
	metav1.AddToGroupVersion(scheme, eventsv1.SchemeGroupVersion)
	return scheme
}

// newMapper maps the scheme's types to resources without asking the API server.
func newMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"ConfigMap", "Pod", "Service"} {
		mapper.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	for _, kind := range []string{"Namespace", "Node"} {
		mapper.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeRoot)
	}
	for _, kind := range []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"} {
		mapper.Add(appsv1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	mapper.Add(batchv1.SchemeGroupVersion.WithKind("Job"), meta.RESTScopeNamespace)
	mapper.Add(istio.ProxyConfigKind(), meta.RESTScopeNamespace)
	mapper.Add(admissionregistrationv1.SchemeGroupVersion.WithKind("MutatingWebhookConfiguration"), meta.RESTScopeRoot)
	mapper.Add(authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"), meta.RESTScopeRoot)
	mapper.Add(eventsv1.SchemeGroupVersion.WithKind("Event"), meta.RESTScopeNamespace)
	mapper.Add(rbacv1.SchemeGroupVersion.WithKind("ClusterRole"), meta.RESTScopeRoot)
	mapper.Add(cmapi.SchemeGroupVersion.WithKind("Issuer"), meta.RESTScopeNamespace)
	return mapper
}
