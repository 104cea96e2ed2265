package templates

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/quote"
)

// overlay is what a template rendered, parsed and checked. It may be shared between injections and is never changed.
type overlay struct {
	pod map[string]any
	// names are the containers that it injects, by the list that they stand in, in order.
	names map[string][]string
	// sum is the hash of its spec, with what is packed in it unpacked.
	sum [sha256.Size]byte
}

// newOverlay makes an overlay of filled output that has been checked, which it keeps; unpacked is the same with what is packed
// in it unpacked. Output with nothing in it gives an overlay with nothing in it.
func newOverlay(filled, unpacked any) *overlay {
	pod, _ := filled.(map[string]any)
	hashed, _ := unpacked.(map[string]any)
	for _, part := range []string{"metadata", "spec"} {
		if heading, there := pod[part]; there && heading == nil { // nothing below it, not the wish to delete the pod's
			pod = maps.Clone(pod)
			delete(pod, part)
		}
	}
	o := &overlay{pod: pod, names: map[string][]string{}, sum: sumOf(hashed["spec"])}
	for _, list := range containerLists {
		for _, container := range Pod(pod).In(list) {
			if container["$patch"] == nil {
				o.names[list] = append(o.names[list], nameOf(container))
			}
		}
	}
	return o
}

// sumOf returns the hash of a decoded value's JSON.
func sumOf(value any) [sha256.Size]byte {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = listmap.AppendJSON((*buffer)[:0], value)
	return sha256.Sum256(*buffer)
}

// injectedNames returns the names of what the overlays put into the lists of a pod that hold named objects, in the order
// that merging them gives. The overlays are not changed.
func injectedNames(overlays []*overlay) (map[string][]string, error) {
	lists := []string{InitContainers, Containers, "volumes", "imagePullSecrets"}
	merged := map[string]any{}
	for _, o := range overlays {
		named := map[string]any{}
		for _, list := range lists {
			var names []any
			for _, element := range Pod(o.pod).In(list) {
				if element["$patch"] == nil {
					names = append(names, map[string]any{"name": nameOf(element)})
				}
			}
			if len(names) > 0 {
				named[list] = names
			}
		}
		var err error
		if merged, err = mergePod(merged, map[string]any{"spec": named}); err != nil {
			return nil, fmt.Errorf("merge the names of what is injected: %w", err)
		}
	}
	found := map[string][]string{}
	for _, list := range lists {
		for _, element := range Pod(merged).In(list) {
			found[list] = append(found[list], nameOf(element))
		}
	}
	return found, nil
}

// Error is an error of a template: it did not execute, or its output is no valid partial Pod.
type Error struct {
	// Template is the name of the template.
	Template string
	// Line of the template's text, from 1; 0 if it cannot be told.
	Line int
	// Action is the action concerned, cut if it is long; empty if there is none or it cannot be told.
	Action string
	// Function is the function that is not known, Field the key of the field of the output that is wrong. Both are empty
	// if it is something else.
	Function, Field string
	// Element is the name of the injected container or volume concerned; empty if it is none, or not known.
	Element string
	// Err is the cause. An *InputError in it says that the pod's author has to act, anything else that the template's
	// author has.
	Err error
	// More are other fields of the same output that are wrong; the text leaves them out.
	More []*Error
}

func (e *Error) Error() string {
	where := fmt.Sprintf("template %q", e.Template)
	if e.Line > 0 {
		where += fmt.Sprintf(" line %d", e.Line)
	}
	if e.Action != "" {
		where += fmt.Sprintf(" %s", e.Action)
	}
	return quote.Text(fmt.Sprintf("%s: %s", where, e.Err))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// loadError says that a template is used which did not load.
type loadError struct {
	template string
	err      error
}

func (e *loadError) Error() string {
	text := e.err.Error()
	if of, ok := errors.AsType[*Error](e.err); ok && of.Template == e.template {
		text = strings.TrimPrefix(text, fmt.Sprintf("template %q ", e.template))
	}
	return fmt.Sprintf("template %q did not load: %s", e.template, text)
}

func (e *loadError) Unwrap() error { return e.err }
