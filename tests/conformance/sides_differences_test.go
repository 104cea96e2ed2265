package conformance

import "encoding/json"

// sideDifference is a difference between the webhooks that is meant.
type sideDifference struct {
	name, why string
	applies   func(pod map[string]any, theirs, ours outcome) bool
}

// sideDifferences lists them. There are few, or something is wrong; each is as narrow as it can be said.
func sideDifferences() []sideDifference {
	return []sideDifference{
		{
			"one container, one name",
			"the pod's own istio-proxy stands among the init containers and the sidecar does not, or the other way round; " +
				"Istio makes a pod with two containers of that name, which the API server refuses; ours merges the two",
			func(_ map[string]any, theirs, ours outcome) bool {
				return theirs.patched && ours.patched && hasTwins(theirs.pod) && !hasTwins(ours.pod)
			},
		},
		{
			"injected by another",
			"the pod has Istio's sidecar and Istio's status already; Istio injects it again, we leave it alone",
			func(pod map[string]any, theirs, ours outcome) bool {
				_, marked := annotationsOf(pod)[istiosStatus]
				return marked && !ours.patched && !ours.denied && ours.reason == "injected_by_other"
			},
		},
		{
			"a status is a claim",
			"the pod has Istio's status and no sidecar; Istio believes that containers of these names are its own and drops " +
				"what the pod says of them, ours takes the pod's word for what stands in it",
			func(pod map[string]any, theirs, ours outcome) bool {
				_, marked := annotationsOf(pod)[istiosStatus]
				return marked && theirs.patched && ours.patched
			},
		},
	}
}

// hasTwins says whether two containers of a pod have the same name.
func hasTwins(pod []byte) bool {
	var decoded struct {
		Spec struct{ Containers, InitContainers []struct{ Name string } }
	}
	if json.Unmarshal(pod, &decoded) != nil {
		return false
	}
	names := map[string]bool{}
	for _, container := range append(decoded.Spec.Containers, decoded.Spec.InitContainers...) {
		if names[container.Name] {
			return true
		}
		names[container.Name] = true
	}
	return false
}

// annotationsOf returns the annotations of a generated pod.
func annotationsOf(pod map[string]any) map[string]any {
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations
}
