package istio

import (
	"fmt"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// finish is the hook for what follows the merge. The order of its steps is of importance: a later one sees what the
// earlier ones wrote into the proxy's environment and into the annotations.
func (i *injector) finish(in *templates.Injection) error {
	model, ok := in.Model.(*Model)
	if !ok {
		return fmt.Errorf("finish an injection of another profile, whose model is a %T", in.Model)
	}
	if err := recordOverrides(in); err != nil {
		return err
	}
	followUser(in, model)
	environment := i.environment(in)
	setCluster(in.Pod, environment)
	if err := i.mergePrometheus(in.Pod); err != nil {
		return err
	}
	nameSecurePort(in.Pod)
	if err := i.rewriteProbes(in.Pod, in.Again); err != nil {
		return err
	}
	if network, ok := environment[envNetwork]; ok {
		in.Pod.Labels()[labelNetwork] = network
	}
	if err := i.recordStatus(in); err != nil {
		return err
	}
	for key, value := range i.config.InjectedAnnotations {
		in.Pod.Annotations()[key] = value
	}
	return nil
}

// proxyOf returns the pod's proxy, nil if it has none.
func proxyOf(pod templates.Pod) map[string]any {
	proxy, _ := pod.Find(proxyContainer)
	return proxy
}

// setVariable sets a variable of a container's environment; it comes last.
func setVariable(container map[string]any, name, value string) {
	dropVariable(container, name)
	env, _ := container["env"].([]any)
	container["env"] = append(slices.Clip(env), map[string]any{"name": name, "value": value})
}

func dropVariable(container map[string]any, name string) {
	env, _ := container["env"].([]any)
	container["env"] = slices.DeleteFunc(slices.Clone(env), func(v any) bool { return field(v, "name") == name })
}

// variable returns the value of a variable of a container's environment, empty if there is none.
func variable(container map[string]any, name string) string {
	env, _ := container["env"].([]any)
	for _, v := range env {
		if field(v, "name") == name {
			value, _ := field(v, "value").(string)
			return value
		}
	}
	return ""
}

// field returns what stands in a field of a decoded object; nil if that is not there, or no object.
func field(value any, path ...string) any {
	for _, step := range path {
		object, _ := value.(map[string]any)
		value = object[step]
	}
	return value
}
