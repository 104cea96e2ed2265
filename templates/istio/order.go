package istio

import (
	"slices"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// order is the hook that puts the containers in order. All that is not named here keeps its place:
//
//	list            with a native proxy                       otherwise
//	initContainers  init, validation, proxy, core dump first  validation first, init and then core dump last
//	containers      –                                         the proxy last; first if the application waits for it
func (i *injector) order(in *templates.Injection) {
	model, _ := in.Model.(*Model)
	hold := i.values.known.Global.Proxy.HoldApplication
	if model != nil && model.ProxyConfig.GetHoldApplicationUntilProxyStarts().GetValue() {
		hold = true
	}
	first, last := []string{validationContainer}, []string{initContainer, coreDumpContainer}
	isProxy := func(container map[string]any) bool { return container["name"] == proxyContainer }
	if slices.ContainsFunc(in.Pod.In(templates.InitContainers), isProxy) {
		first, last = []string{initContainer, validationContainer, proxyContainer, coreDumpContainer}, nil
	}
	arrange(in.Pod, templates.InitContainers, first, last)
	if hold {
		arrange(in.Pod, templates.Containers, []string{proxyContainer}, nil)
	} else {
		arrange(in.Pod, templates.Containers, nil, []string{proxyContainer})
	}
}

// arrange puts the containers of these names at the two ends of a list, each in the order of its names.
func arrange(pod templates.Pod, list string, first, last []string) {
	all := pod.In(list)
	rank := func(container map[string]any) int {
		name, _ := container["name"].(string)
		if i := slices.Index(first, name); i >= 0 {
			return i - len(first)
		}
		return slices.Index(last, name) + 1
	}
	slices.SortStableFunc(all, func(a, b map[string]any) int { return rank(a) - rank(b) })
	pod.Replace(list, all)
}
