package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkResources: resources are of known names, amounts are not negative, and a request is not above its limit. Where it is
// allowed to have no more than is there (hugepages, and what device plug-ins give), request and limit are the same.
//
// A default is in the way of an annotation like any other limit: sidecar.istio.io/proxyMemory above the limit that the
// configuration sets is refused, and names the annotation that raises the limit. To raise it silently would take the
// operator's bound away.
func checkResources(_ string, container map[string]any) *violation {
	for _, kind := range resourceKinds {
		amounts, _ := valueAt(container, "resources."+kind).(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(amounts)) {
			if problem := resourceProblem(name, amounts[name]); problem != "" {
				field := "resources." + kind + "." + name
				return &violation{container: nameOf(container), field: field, problem: problem, causes: []cause{{field: field}}}
			}
		}
	}
	requests, _ := valueAt(container, "resources.requests").(map[string]any)
	limits, _ := valueAt(container, "resources.limits").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		request, requested := amountOf(requests[name])
		limit, limited := amountOf(limits[name])
		if !requested || !limited && (overcommits(name) || limits[name] != nil) {
			continue
		}
		if !limited || !overcommits(name) && request.Cmp(limit) != 0 {
			return &violation{container: nameOf(container), field: "resources.requests." + name, problem: fmt.Sprintf("%q has to be the limit too, and resources.limits.%s is %v", request.String(), name, orNone(limits[name]))}
		}
		if request.Cmp(limit) > 0 {
			return aboveLimit(container, name, request, limit)
		}
	}
	return nil
}

var resourceKinds = []string{"requests", "limits"}

// aboveLimit says that a container asks for more of a resource than its limit.
func aboveLimit(container map[string]any, name string, request, limit resource.Quantity) *violation {
	requests, limits := "resources.requests."+name, "resources.limits."+name
	above := fmt.Sprintf("%q is above the limit %q", request.String(), limit.String())
	return &violation{container: nameOf(container), field: requests, problem: above, causes: []cause{
		{field: requests, problem: fmt.Sprintf("%s of the container %q (%s): ask for less, or raise the limit too", above, nameOf(container), limits), other: limits},
		{field: limits, problem: fmt.Sprintf("%q is below the request %q of the container %q (%s): want at least that, or a lower request too", limit.String(), request.String(), nameOf(container), requests), other: requests},
	}}
}

// resourceProblem says what is wrong with a resource of a container and its amount; empty if nothing is.
func resourceProblem(name string, value any) string {
	amount, ok := amountOf(value)
	switch {
	case !ok:
		return fmt.Sprintf("%q is not a quantity such as 100m or 64Mi", fmt.Sprint(value))
	case amount.Sign() < 0:
		return fmt.Sprintf("%q is negative, want 0 or more", fmt.Sprint(value))
	case !isContainerResource(name):
		return fmt.Sprintf("%q is not a resource of containers, want cpu, memory, ephemeral-storage, hugepages-SIZE or a name with a domain", name)
	case !isNativeResource(name) && amount.MilliValue()%1000 != 0:
		return fmt.Sprintf("%q is not a whole number", fmt.Sprint(value))
	}
	return ""
}

// amountOf reads a quantity; ok is false if there is none.
func amountOf(value any) (amount resource.Quantity, ok bool) {
	if value == nil {
		return amount, false
	}
	text, ok := value.(string)
	if !ok {
		text = fmt.Sprint(value)
	}
	amount, err := resource.ParseQuantity(text)
	return amount, err == nil
}

func isContainerResource(name string) bool {
	if !strings.Contains(name, "/") {
		switch corev1.ResourceName(name) {
		case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
			return true
		}
		return strings.HasPrefix(name, corev1.ResourceHugePagesPrefix)
	}
	if len(validation.IsQualifiedName(name)) > 0 {
		return false
	}
	return isNativeResource(name) || !strings.HasPrefix(name, corev1.DefaultResourceRequestsPrefix) && len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+name)) == 0
}

// isNativeResource says that a resource is one of Kubernetes itself.
func isNativeResource(name string) bool {
	return !strings.Contains(name, "/") || strings.Contains(name, corev1.ResourceDefaultNamespacePrefix)
}

// overcommits says that containers may be limited to more of a resource than they request.
func overcommits(name string) bool {
	return isNativeResource(name) && !strings.HasPrefix(name, corev1.ResourceHugePagesPrefix)
}

func orNone(value any) string {
	if value == nil {
		return "not set"
	}
	return fmt.Sprintf("%q", fmt.Sprint(value))
}
