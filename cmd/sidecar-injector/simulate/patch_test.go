package simulate

import (
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// A patch is applied as the API server applies it, which uses the library that is asked here.
func TestApply(t *testing.T) {
	const object = `{"a":1,"b":{"c/d":[1,2.5,{"e":"f"}],"~":null,"empty":[]},"list":[[1],[2]]}`
	for sentence, patch := range map[string]string{
		"nothing":                                          `[]`,
		"a new field":                                      `[{"op":"add","path":"/new","value":{"x":[1,2.0,1e3]}}]`,
		"a field that is there":                            `[{"op":"add","path":"/a","value":"2"}]`,
		"null":                                             `[{"op":"add","path":"/new","value":null}]`,
		"an escaped key":                                   `[{"op":"replace","path":"/b/c~1d/1","value":true}]`,
		"an escaped tilde":                                 `[{"op":"remove","path":"/b/~0"}]`,
		"an escaped tilde in front of a digit":             `[{"op":"add","path":"/b/~01","value":1}]`,
		"the front of a list":                              `[{"op":"add","path":"/list/0","value":{"n":"<&>"}}]`,
		"the middle of a list":                             `[{"op":"add","path":"/b/c~1d/1","value":9}]`,
		"the end of a list":                                `[{"op":"add","path":"/list/2","value":9}]`,
		"a dash":                                           `[{"op":"add","path":"/list/-","value":9}]`,
		"an empty list":                                    `[{"op":"add","path":"/b/empty/0","value":9}]`,
		"a list in a list":                                 `[{"op":"add","path":"/list/1/0","value":9},{"op":"add","path":"/list/1/1","value":8}]`,
		"an element":                                       `[{"op":"remove","path":"/list/0"},{"op":"replace","path":"/list/0","value":3}]`,
		"what has been added":                              `[{"op":"add","path":"/new","value":{}},{"op":"add","path":"/new/x","value":1},{"op":"remove","path":"/new/x"}]`,
		"behind the end of a list":                         `[{"op":"add","path":"/list/3","value":9}]`,
		"an element that is not there":                     `[{"op":"replace","path":"/list/2","value":9}]`,
		"an element that is not there, removed":            `[{"op":"remove","path":"/list/2"}]`,
		"a field in an element that is not there":          `[{"op":"add","path":"/list/2/x","value":9}]`,
		"an index that is none":                            `[{"op":"add","path":"/list/x","value":9}]`,
		"a field that is not there":                        `[{"op":"replace","path":"/new","value":9}]`,
		"a field that is not there, removed":               `[{"op":"remove","path":"/new"}]`,
		"a field in what is not there":                     `[{"op":"add","path":"/new/x","value":9}]`,
		"a field in a number":                              `[{"op":"add","path":"/a/x","value":9}]`,
		"a field in null":                                  `[{"op":"add","path":"/b/~0/x","value":9}]`,
		"an unknown operation":                             `[{"op":"put","path":"/a","value":9}]`,
		"an unknown operation on an element":               `[{"op":"put","path":"/list/0","value":9}]`,
		"a path that does not begin with a slash":          `[{"op":"add","path":"a","value":9}]`,
		"an operation that is right, then one that is not": `[{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}]`,
		"no JSON":                                          `[{"op"`,
	} {
		t.Run(sentence, func(t *testing.T) {
			var got, want map[string]any
			if err := utiljson.Unmarshal([]byte(object), &got); err != nil {
				t.Fatal(err)
			}
			err := apply(got, []byte(patch))
			text, wantErr := applied(object, patch)
			switch {
			case wantErr != nil && err == nil:
				t.Fatalf("no error, want %v", wantErr)
			case wantErr != nil:
				return
			case err != nil:
				t.Fatal(err)
			}
			if err := utiljson.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("object (-library +ours):\n%s", diff)
			}
		})
	}
}

func applied(object, patch string) ([]byte, error) {
	decoded, err := jsonpatch.DecodePatch([]byte(patch))
	if err != nil {
		return nil, err
	}
	return decoded.Apply([]byte(object))
}
