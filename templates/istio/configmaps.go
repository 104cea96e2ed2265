package istio

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ConfigMapNames are the names of the ConfigMaps that configure Istio's injector.
type ConfigMapNames struct {
	// Injector holds the keys config and values, Mesh the key mesh.
	Injector, Mesh string
}

// ConfigMapsOf returns the names of a revision's ConfigMaps; empty and "default" are the one without a name.
func ConfigMapsOf(revision string) ConfigMapNames {
	suffix := ""
	if revision != "" && revision != "default" {
		suffix = "-" + revision
	}
	return ConfigMapNames{Injector: "istio-sidecar-injector" + suffix, Mesh: "istio" + suffix}
}

// FromConfigMaps returns the sources that stand in the data of the two ConfigMaps. Load refuses those of an injector's
// ConfigMap without one of its keys, as Istio does.
func FromConfigMaps(injector, mesh map[string]string) Sources {
	missing := ""
	for _, key := range []string{"values", "config"} {
		if _, ok := injector[key]; !ok {
			missing = key
		}
	}
	return Sources{
		missing: missing,
		Config:  []byte(injector["config"]),
		Values:  []byte(injector["values"]),
		Mesh:    []byte(mesh["mesh"]),
	}
}

// ProxyConfigKind is the kind of ProxyConfig resources, of the oldest version that is served since Istio has them.
func ProxyConfigKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "networking.istio.io", Version: "v1beta1", Kind: "ProxyConfig"}
}
