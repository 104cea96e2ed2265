package edit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExplicitKeys: keys behind a question mark are edited like all others.
func TestExplicitKeys(t *testing.T) {
	const before = `apiVersion: v1
kind: Pod
? metadata #1
: #2
  name: a
#3
? spec
: # 4
  ? containers
  : - name: app #5
      ? "image" #6
      : nginx:1 #7
    #8
    - name: other
  #9
  ? restartPolicy
  : Never
  ? nodeName
  :
  hostname: a #10
`
	const want = `apiVersion: v1
kind: Pod
? metadata #1
: #2
  name: a
  labels:
    a: b
#3
? spec
: # 4
  ? containers
  : - name: app #5
      ? "image" #6
      : nginx:2 #7
      args:
        - a
    #8
    - name: other
    - name: third
  ? nodeName
  : node
  hostname: a #10
  dnsPolicy: Default
`
	after := object(t, before)
	after["metadata"].(map[string]any)["labels"] = map[string]any{"a": "b"}
	spec := after["spec"].(map[string]any)
	app := spec["containers"].([]any)[0].(map[string]any)
	app["image"], app["args"] = "nginx:2", []any{"a"}
	spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "third"})
	spec["dnsPolicy"], spec["nodeName"] = "Default", "node"
	delete(spec, "restartPolicy")
	got, ok := edited([]byte(before), object(t, before), after)
	if !ok {
		text, err := splice([]byte(before), object(t, before), after, true)
		t.Fatalf("the text would be written anew (%v):\n%s", err, text)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
