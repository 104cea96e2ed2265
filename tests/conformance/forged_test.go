package conformance

import (
	"fmt"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/hostile"
)

// forgeries are annotations that claim an earlier injection.
var forgeries = []struct {
	name, key, value string
}{
	{"containers is a string", istiosStatus, `{"containers":"x"}`},
	{"initContainers is a number", istiosStatus, `{"initContainers":1}`},
	{"containers holds numbers", istiosStatus, `{"containers":[1,2]}`},
	{"containers is an object", istiosStatus, `{"containers":{"a":"b"}}`},
	{"no JSON", istiosStatus, `{{`},
	{"a JSON string", istiosStatus, `"x"`},
	{"null", istiosStatus, `null`},
	{"empty", istiosStatus, ``},
	{"the application is ours", istiosStatus, `{"containers":["app"],"initContainers":["app"],"volumes":["data"],"imagePullSecrets":["mine"]}`},
	{"the proxy is there already", istiosStatus, `{"initContainers":["istio-init","istio-proxy"],"containers":["istio-proxy"],"volumes":["istio-data"]}`},
	{"deep", istiosStatus, `{"containers":[[[["app"]]]]}`},
	{"our marker, no JSON", ourMarker, `{{`},
	{"our marker, of another form", ourMarker, `{"containers":["app"],"templates":"x"}`},
	{"our marker, claiming the application", ourMarker, `{"templates":["sidecar"],"containers":{"app":"AAAA"}}`},
	{"image, command, privileged", "proxy.istio.io/overrides",
		`{"containers":[{"name":"istio-proxy","image":"evil","command":["/evil"],"securityContext":{"privileged":true}}],"initContainers":[{"name":"istio-proxy","image":"evil","command":["/evil"],"securityContext":{"privileged":true}}]}`},
	{"a container of its own", "proxy.istio.io/overrides", `{"containers":[{"name":"evil","image":"evil"}],"initContainers":[{"name":"evil2","image":"evil"}]}`},
	{"the application", "proxy.istio.io/overrides", `{"containers":[{"name":"app","image":"evil"}]}`},
	{"the init container", "proxy.istio.io/overrides", `{"initContainers":[{"name":"istio-init","image":"evil","command":["/evil"]}]}`},
	{"a directive", "proxy.istio.io/overrides", `{"containers":[{"name":"istio-proxy","$patch":"delete"}]}`},
	{"overrides that are no JSON", "proxy.istio.io/overrides", `x`},
	{"overrides of another type", "proxy.istio.io/overrides", `{"containers":"x"}`},
	{"a directive in userVolume", "sidecar.istio.io/userVolume", `{"data":{"$patch":"delete"}}`},
	{"a directive that replaces all volumes", "sidecar.istio.io/userVolume", `{"x":{"$patch":"replace"}}`},
	{"a directive in userVolumeMount", "sidecar.istio.io/userVolumeMount", `{"x":{"$patch":"replace"}}`},
	{"an order in userVolume", "sidecar.istio.io/userVolume", `{"x":{"$setElementOrder/items":[]}}`},
}

// TestForged: a forged annotation ends in a denial or in a clean injection: the pod that comes out without it.
func TestForged(t *testing.T) {
	table := newTable("forged", "annotation", "what is forged", "ours", "Istio's webhook")
	for _, arena := range newArenas(t) {
		leave := arena.enter()
		for _, forgery := range forgeries {
			forged, clean := forgedPod(t, forgery.key, forgery.value), forgedPod(t, "", "")
			ours, problem := forge(arena.ours, forged, clean, forgery.key)
			istios, _ := forge(arena.istios, forged, clean, forgery.key)
			table.row(problem, forgery.key, forgery.name+" ("+arena.name+")", ours, istios)
		}
		leave()
	}
	table.finish(t)
}

// forgedPod is a pod with an annotation, or with none.
func forgedPod(t *testing.T, key, value string) submission {
	pod := hostilePod("sidecar")
	if key != "" {
		metadataOf(pod, "annotations")[key] = value
	}
	spec := pod["spec"].(map[string]any)
	spec["volumes"] = []any{map[string]any{"name": "data", "emptyDir": map[string]any{}}}
	spec["imagePullSecrets"] = []any{map[string]any{"name": "mine"}}
	sent, err := newSubmission(pod, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// forge sends both pods and says what became of the forged one, and what is wrong with that.
func forge(webhook *injector, forged, clean submission, key string) (result, problem string) {
	got, err := webhook.admit(forged)
	if err != nil {
		return "error", "    " + err.Error()
	}
	switch {
	case got.panicked != nil:
		return "panics", fmt.Sprintf("    panic: %v", got.panicked)
	case got.denied:
		return "denied", ""
	}
	want, err := webhook.admit(clean)
	if err != nil {
		return "error", "    " + err.Error()
	}
	gotTree, err := withoutAnnotation(got.pod, key)
	if err != nil {
		return "error", "    " + err.Error()
	}
	wantTree, err := withoutAnnotation(want.pod, key)
	if err != nil {
		return "error", "    " + err.Error()
	}
	if difference := hostile.Difference(wantTree, gotTree, harmless); difference != "" {
		return "changed by it: " + difference, "    " + difference
	}
	return "clean", ""
}

func withoutAnnotation(pod []byte, key string) (map[string]any, error) {
	decoded, err := hostileTree(pod)
	if err != nil {
		return nil, err
	}
	metadata, _ := decoded["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, key)
	return decoded, nil
}
