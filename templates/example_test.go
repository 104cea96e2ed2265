package templates_test

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// A template of your own, laid over a pod.
func ExampleEngine_Inject() {
	engine, err := templates.New(templates.Options{
		Templates: map[string]string{"logs": `
metadata:
  labels: {logs: {{ .ObjectMeta.Namespace }}}
spec:
  containers:
  - name: logs
    image: logs:{{ .Values.proxy.logLevel }}
`},
		DefaultTemplates: []string{"logs"},
		Values:           map[string]any{"proxy": map[string]any{"logLevel": "debug"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pod := map[string]any{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]any{"name": "cart", "labels": map[string]any{"app": "cart"}},
		"spec":       map[string]any{"containers": []any{map[string]any{"name": "cart", "image": "cart:1"}}},
	}
	result, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("injected:", result.Containers)
	for _, operation := range result.Patch {
		if _, isText := operation.Value.(string); isText {
			fmt.Println(operation.Operation, operation.Path, operation.Value)
		} else {
			fmt.Println(operation.Operation, operation.Path)
		}
	}
	// Output:
	// injected: [logs]
	// add /metadata/annotations
	// add /metadata/labels/logs shop
	// add /spec/containers/1
}
