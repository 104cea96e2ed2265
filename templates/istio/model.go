package istio

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Model is what Istio's templates see. Templates must not change it: messages and maps are shared between renderings.
type Model struct {
	// TypeMeta and DeploymentMeta are kind and name of the workload that the pod belongs to, as far as can be guessed.
	TypeMeta       metav1.TypeMeta
	DeploymentMeta types.NamespacedName
	// ObjectMeta and Spec are the pod's, without what an earlier injection put there.
	ObjectMeta metav1.ObjectMeta
	Spec       corev1.PodSpec
	// ProxyConfig are the settings of this pod's proxy, MeshConfig those of the mesh.
	ProxyConfig *meshconfig.ProxyConfig
	MeshConfig  *meshconfig.MeshConfig
	// Values are those of the ConfigMap.
	Values map[string]any
	// Revision is the name of the control plane.
	Revision string
	// NativeSidecars says whether nodes can run native sidecars. What the pod says of it is the templates' affair.
	NativeSidecars bool
	// ProxyImage and ProxyInitImage are the images of the containers, ProxyUID and ProxyGID the proxy's ids.
	ProxyImage     string
	ProxyInitImage string
	ProxyUID       int64
	ProxyGID       int64
	// InboundTrafficPolicyMode is "localhost" or "passthrough".
	InboundTrafficPolicyMode string
	// CompliancePolicy is that of the installation.
	CompliancePolicy string
}

// model is the hook that makes what templates see.
func (i *injector) model(data *templates.Data) (any, error) {
	said, warnings, err := checkAnnotations(data.ObjectMeta.Annotations)
	if err != nil {
		return nil, err
	}
	data.Warnings = append(data.Warnings, warnings...)
	proxy := i.proxies.of(&data.ObjectMeta, said)
	m := &Model{
		ObjectMeta:               data.ObjectMeta,
		Spec:                     data.Spec,
		ProxyConfig:              proxy,
		MeshConfig:               i.mesh,
		Values:                   i.values.all,
		Revision:                 i.sources.Revision,
		NativeSidecars:           data.NativeSidecars,
		ProxyImage:               i.values.proxyImage(proxy.GetImage(), data.ObjectMeta.Annotations),
		ProxyInitImage:           i.values.proxyInitImage(data.ObjectMeta.Annotations),
		ProxyUID:                 defaultProxyID,
		ProxyGID:                 defaultProxyID,
		InboundTrafficPolicyMode: "passthrough",
		CompliancePolicy:         i.sources.CompliancePolicy,
	}
	owner := &data.Owner
	m.DeploymentMeta = types.NamespacedName{Namespace: owner.Namespace, Name: owner.Name}
	m.TypeMeta = metav1.TypeMeta{Kind: owner.Kind, APIVersion: owner.APIVersion}
	if i.sources.OpenShift {
		m.ProxyUID, m.ProxyGID = proxyIDs(data.Namespace.Annotations)
	}
	if i.mesh.GetInboundTrafficPolicy().GetMode() == meshconfig.MeshConfig_InboundTrafficPolicy_LOCALHOST {
		m.InboundTrafficPolicyMode = "localhost"
	}
	return m, nil
}
