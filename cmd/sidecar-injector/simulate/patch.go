package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// operation is one of a JSON patch (RFC 6902). Webhooks that inject need no other than add, remove and replace.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// apply applies a JSON patch to a decoded object, which it changes. A library would have to encode and decode the object
// around that, which took an eighth of a preview's time. An error names the operation; some of the others have been
// applied then.
func apply(object map[string]any, patch []byte) error {
	var operations []operation
	if err := utiljson.Unmarshal(patch, &operations); err != nil {
		return fmt.Errorf("decode it: %w", err)
	}
	for _, o := range operations {
		path := strings.Split(o.Path, "/")
		if len(path) < 2 || path[0] != "" {
			return fmt.Errorf("%s %q: want the path of a field", o.Op, o.Path)
		}
		for i, step := range path {
			path[i] = unescapePointer.Replace(step)
		}
		if _, err := o.within(object, path[1:]); err != nil {
			return fmt.Errorf("%s %q: %w", o.Op, o.Path, err)
		}
	}
	return nil
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// within applies the operation where the path leads from a value, which it changes. A list may become another one: what
// is returned has to take its place.
func (o *operation) within(value any, path []string) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		return value, o.withinObject(value, path[0], path[1:])
	case []any:
		return o.withinList(value, path[0], path[1:])
	}
	return nil, errNothingThere
}

var errNothingThere = errors.New("nothing is there")

func (o *operation) withinObject(object map[string]any, key string, rest []string) (err error) {
	_, there := object[key]
	switch {
	case len(rest) == 0 && o.Op == "add":
		object[key] = o.Value
	case !there:
		return errNothingThere
	case len(rest) > 0:
		object[key], err = o.within(object[key], rest)
	case o.Op == "replace":
		object[key] = o.Value
	case o.Op == "remove":
		delete(object, key)
	default:
		return errors.New("the operation is not known")
	}
	return err
}

func (o *operation) withinList(list []any, index string, rest []string) (_ []any, err error) {
	at, err := strconv.ParseUint(index, 10, 31)
	adds := len(rest) == 0 && o.Op == "add"
	if adds && index == "-" {
		at, err = uint64(len(list)), nil
	}
	switch {
	case err != nil || int(at) > len(list) || int(at) == len(list) && !adds:
		return nil, errNothingThere
	case adds:
		return slices.Insert(list, int(at), o.Value), nil
	case len(rest) > 0:
		list[at], err = o.within(list[at], rest)
	case o.Op == "replace":
		list[at] = o.Value
	case o.Op == "remove":
		return slices.Delete(list, int(at), int(at)+1), nil
	default:
		return nil, errors.New("the operation is not known")
	}
	return list, err
}
