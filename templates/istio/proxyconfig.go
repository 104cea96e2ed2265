package istio

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	meshconfig "istio.io/api/mesh/v1alpha1"
	networking "istio.io/api/networking/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
)

// ProxyConfig is a resource of the kind ProxyConfig, of which this program needs no more than this.
type ProxyConfig struct {
	metav1.ObjectMeta
	Spec *networking.ProxyConfig
}

// DecodeProxyConfig reads a ProxyConfig resource as a client for unstructured objects gives it, which is not changed.
// Fields that are not known are ignored.
func DecodeProxyConfig(object map[string]any) (ProxyConfig, error) {
	resource := ProxyConfig{Spec: &networking.ProxyConfig{}}
	metadata, _ := object["metadata"].(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(metadata, &resource.ObjectMeta); err != nil {
		return resource, fmt.Errorf("decode metadata of a ProxyConfig: %w", err)
	}
	spec, ok := object["spec"]
	if !ok || spec == nil {
		return resource, nil
	}
	raw, err := json.Marshal(spec)
	if err == nil {
		_, err = decodeMessage(raw, resource.Spec)
	}
	if err != nil {
		return resource, fmt.Errorf("decode ProxyConfig %q of namespace %q: %w", resource.Name, resource.Namespace, err)
	}
	return resource, nil
}

// proxyConfigs answers which settings the proxy of a pod has. The later win:
//
//	the defaults
//	the mesh's defaultConfig
//	the oldest ProxyConfig without a selector in the root namespace
//	the oldest ProxyConfig without a selector in the pod's namespace
//	the pod's annotation
//	the oldest ProxyConfig in the pod's namespace whose selector matches
//
// All that does not depend on an annotation is merged in advance. It is immutable, and so are the messages it gives.
type proxyConfigs struct {
	everywhere *meshconfig.ProxyConfig
	namespaces map[string]*meshconfig.ProxyConfig
	workloads  map[string][]workloadConfig
	// texts are the JSON of the settings above, those of all pods without an annotation.
	texts map[*meshconfig.ProxyConfig]string
}

type workloadConfig struct {
	selector labels.Selector
	own      *meshconfig.ProxyConfig
	merged   *meshconfig.ProxyConfig // own over those of the namespace
}

func newProxyConfigs(mesh *meshconfig.MeshConfig, resources []ProxyConfig) (*proxyConfigs, error) {
	p := &proxyConfigs{
		everywhere: defaultProxyConfig(),
		namespaces: map[string]*meshconfig.ProxyConfig{},
		workloads:  map[string][]workloadConfig{},
		texts:      map[*meshconfig.ProxyConfig]string{},
	}
	mergeProxy(p.everywhere, mesh.GetDefaultConfig())
	root := mesh.GetRootNamespace()
	sorted := slices.SortedStableFunc(slices.Values(resources), func(a, b ProxyConfig) int {
		// The root namespace first, because the others' settings are laid over its.
		return cmp.Or(-cmp.Compare(btoi(a.Namespace == root), btoi(b.Namespace == root)),
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace))
	})
	for _, resource := range sorted {
		if resource.Spec.GetSelector() != nil || p.namespaces[resource.Namespace] != nil {
			continue
		}
		own := ofResource(resource.Spec)
		if resource.Namespace == root {
			mergeProxy(p.everywhere, own)
			p.namespaces[root] = p.everywhere
			continue
		}
		merged := proto.CloneOf(p.everywhere)
		mergeProxy(merged, own)
		p.namespaces[resource.Namespace] = merged
	}
	for _, resource := range sorted {
		if len(resource.Spec.GetSelector().GetMatchLabels()) == 0 {
			continue
		}
		own := ofResource(resource.Spec)
		merged := proto.CloneOf(p.ofNamespace(resource.Namespace))
		mergeProxy(merged, own)
		p.workloads[resource.Namespace] = append(p.workloads[resource.Namespace],
			workloadConfig{labels.SelectorFromSet(resource.Spec.GetSelector().GetMatchLabels()), own, merged})
	}
	return p, p.encode()
}

// encode makes the texts.
func (p *proxyConfigs) encode() error {
	all := append(slices.Collect(maps.Values(p.namespaces)), p.everywhere)
	for _, workloads := range p.workloads {
		for _, workload := range workloads {
			all = append(all, workload.merged)
		}
	}
	var err error
	for _, config := range all {
		if p.texts[config], err = proxyConfigJSON(config); err != nil {
			return err
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ofResource returns the settings that a resource may make.
func ofResource(spec *networking.ProxyConfig) *meshconfig.ProxyConfig {
	return &meshconfig.ProxyConfig{
		Concurrency:   spec.GetConcurrency(),
		Image:         spec.GetImage(),
		ProxyMetadata: spec.GetEnvironmentVariables(),
	}
}

func (p *proxyConfigs) ofNamespace(name string) *meshconfig.ProxyConfig {
	if merged, ok := p.namespaces[name]; ok {
		return merged
	}
	return p.everywhere
}

// of returns the settings for a pod, which must not be changed. said is what its annotation says, nil if it has none.
func (p *proxyConfigs) of(pod *metav1.ObjectMeta, said *meshconfig.ProxyConfig) *meshconfig.ProxyConfig {
	var workload *workloadConfig
	for i := range p.workloads[pod.Namespace] {
		if candidate := &p.workloads[pod.Namespace][i]; candidate.selector.Matches(labels.Set(pod.Labels)) {
			workload = candidate
			break
		}
	}
	switch {
	case said == nil && workload != nil:
		return workload.merged
	case said == nil:
		return p.ofNamespace(pod.Namespace)
	}
	merged := proto.CloneOf(p.ofNamespace(pod.Namespace))
	mergeProxy(merged, said)
	if workload != nil {
		mergeProxy(merged, workload.own)
	}
	return merged
}

// protoToJSON encodes a message for a template.
func (p *proxyConfigs) protoToJSON(message proto.Message) (string, error) {
	config, ok := message.(*meshconfig.ProxyConfig)
	if !ok || config == nil {
		return messageJSON(message)
	}
	if text, known := p.texts[config]; known {
		return text, nil
	}
	return proxyConfigJSON(config)
}
