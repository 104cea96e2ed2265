package templates

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	for name, test := range map[string]struct{ before, after, patch string }{
		"equal objects":                                  {`{"a":[1,{"b":2}]}`, `{"a":[1,{"b":2}]}`, `null`},
		"80 and 80.0 are equal":                          {`{"a":80}`, `{"a":80.0}`, `null`},
		"a null that goes is left alone":                 {`{"a":null,"b":{"c":null}}`, `{"b":{}}`, `null`},
		"a field added, removed, replaced":               {`{"a":1,"b":2}`, `{"b":3,"c":4}`, `[{"op":"remove","path":"/a"},{"op":"replace","path":"/b","value":3},{"op":"add","path":"/c","value":4}]`},
		"keys are escaped":                               {`{"m":{}}`, `{"m":{"a/b~c":1}}`, `[{"op":"add","path":"/m/a~1b~0c","value":1}]`},
		"an object is descended into":                    {`{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":2}}}`, `[{"op":"replace","path":"/a/b/c","value":2}]`},
		"an element in front has its position":           {`{"l":[{"name":"x"}]}`, `{"l":[{"name":"new"},{"name":"x"}]}`, `[{"op":"add","path":"/l/0","value":{"name":"new"}}]`},
		"an element behind has its position":             {`{"l":[{"name":"x"}]}`, `{"l":[{"name":"x"},{"name":"new"}]}`, `[{"op":"add","path":"/l/1","value":{"name":"new"}}]`},
		"an element that stays is changed at its place":  {`{"l":[{"name":"x","v":1}]}`, `{"l":[{"name":"new"},{"name":"x","v":2}]}`, `[{"op":"add","path":"/l/0","value":{"name":"new"}},{"op":"replace","path":"/l/1/v","value":2}]`},
		"an element that moves is removed and added":     {`{"l":[{"name":"x"},{"name":"y"}]}`, `{"l":[{"name":"y"},{"name":"x"}]}`, `[{"op":"remove","path":"/l/0"},{"op":"add","path":"/l/1","value":{"name":"x"}}]`},
		"elements that go are removed from the back":     {`{"l":["a","b","c"]}`, `{"l":["b"]}`, `[{"op":"remove","path":"/l/2"},{"op":"remove","path":"/l/0"}]`},
		"ports differ by protocol":                       {`{"l":[{"containerPort":53,"protocol":"UDP"}]}`, `{"l":[{"containerPort":53},{"containerPort":53,"protocol":"UDP"}]}`, `[{"op":"add","path":"/l/0","value":{"containerPort":53}}]`},
		"mounts of one volume differ by path":            {`{"l":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]}`, `{"l":[{"name":"v","mountPath":"/b"}]}`, `[{"op":"remove","path":"/l/0"}]`},
		"a value of another kind is replaced":            {`{"a":{"b":1}}`, `{"a":[1]}`, `[{"op":"replace","path":"/a","value":[1]}]`},
		"a list that is new is added whole":              {`{}`, `{"l":[1]}`, `[{"op":"add","path":"/l","value":[1]}]`},
		"both ends stay and the middle changes":          {`{"l":["a","b","c","z"]}`, `{"l":["a","x","c","y","z"]}`, `[{"op":"remove","path":"/l/1"},{"op":"add","path":"/l/1","value":"x"},{"op":"add","path":"/l/3","value":"y"}]`},
		"elements without a key are compared as a whole": {`{"l":[{"a":1}]}`, `{"l":[{"a":2}]}`, `[{"op":"remove","path":"/l/0"},{"op":"add","path":"/l/0","value":{"a":2}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := mustDecode(t, test.before), mustDecode(t, test.after)
			patch := Diff(before, after)
			got, err := json.Marshal(patch)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.patch, string(got)); diff != "" {
				t.Errorf("patch (-want +got):\n%s", diff)
			}
			if patched := mustDecode(t, string(applyPatch(t, []byte(test.before), patch))); !equal(patched, after) {
				t.Errorf("the patch gives %v, want %v", patched, after)
			}
		})
	}
}
