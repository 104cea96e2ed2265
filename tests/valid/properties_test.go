package valid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

// fault is what must hold for a pod and does not.
type fault struct {
	// kind tells apart what is wrong: faults of one kind most probably have one cause.
	kind string
	// detail is what there is to see.
	detail string
}

// fate is what became of a pod that has no fault.
type fate string

const (
	notValid fate = "not valid" // without a sidecar already
	skipped  fate = "skipped"
	injected fate = "injected"
	refused  fate = "refused: "
	warned   fate = "not valid injected, but warned about: "
)

// checker holds pods to the properties, with one injector. It is safe for concurrent use.
type checker struct {
	server   *apiServer
	injector *injector
}

// statusKey is the annotation in which the engine notes what it set.
func (c checker) statusKey() string { return c.injector.engine.Profile().Keys.Status }

// check returns what became of the pod that an author sends, and what is wrong. An error is one of the test.
func (c checker) check(author map[string]any) (fate, []fault, error) {
	raw, err := json.Marshal(author)
	if err != nil {
		return "", nil, err
	}
	received, err := c.server.receive(raw)
	if err != nil || c.server.validate(received) != nil {
		return notValid, nil, nil // a pod that the API server refuses is none to inject
	}
	sent, err := c.server.sendNamed(received)
	if err != nil {
		return "", nil, err
	}
	first, err := c.injector.admit(sent)
	switch {
	case err != nil:
		return "", []fault{{"the answer makes no sense", err.Error()}}, nil
	case first.denied != "":
		return fate(string(refused) + withoutValues(first.denied)), c.judgeRefusal(author, first), nil
	case len(first.operations) == 0:
		return skipped, nil, nil
	}
	faults := c.samePod(sent, first)
	again, err := c.server.receive(first.pod)
	if err != nil {
		return injected, append(faults, fault{"invalid: " + withoutValues(err.Error()), err.Error()}), nil
	}
	if err := c.server.validate(again); err != nil {
		unsaid := causes(err, first.warnings)
		if len(unsaid) == 0 {
			return fate(string(warned) + withoutValues(err.Error())), faults, nil
		}
		return injected, append(faults, unsaid...), nil
	}
	stored, err := c.server.sendNamed(again)
	if err != nil {
		return "", nil, err
	}
	return injected, slices.Concat(faults,
		c.changesNothing("injected twice", first.pod),
		c.changesNothing("injected again by the API server", stored),
		c.removed("removed", sent, first.pod),
		c.removed("removed from the stored pod", sent, stored),
		c.previewed(author, stored), c.asWritten(raw)), nil
}

// asWritten injects the pod twice as its author wrote it, without what an API server fills in. Some are refused then, for
// what a default makes good.
func (c checker) asWritten(raw []byte) []fault {
	first, err := c.injector.admit(raw)
	switch {
	case err != nil:
		return []fault{{"as written: the answer makes no sense", err.Error()}}
	case first.denied != "":
		return nil
	}
	return c.changesNothing("as written, injected twice", first.pod)
}

// samePod holds the patch, applied to the raw JSON, to the pod that the engine returns. The API server makes the same of both:
// a patch leaves what is equal by its defaults, such as resources that are empty.
func (c checker) samePod(sent []byte, first outcome) []fault {
	pod, err := tree(sent)
	if err != nil {
		return []fault{{"the patch makes no JSON", err.Error()}}
	}
	result, err := c.injector.engine.Inject(templates.Input{Pod: pod, Namespace: namespace()})
	if err != nil {
		return []fault{{"the engine refuses what the webhook takes", err.Error()}}
	}
	text, err := json.Marshal(result.Pod)
	if err != nil {
		return []fault{{"the engine's pod is no JSON", err.Error()}}
	}
	want, err := c.server.received(text)
	if err != nil {
		return []fault{{"the engine's pod is not taken: " + withoutValues(err.Error()), err.Error()}}
	}
	got, err := c.server.received(first.pod)
	if err != nil {
		return []fault{{"the patched pod is not taken: " + withoutValues(err.Error()), err.Error()}}
	}
	return different("the patch makes another pod", want, got)
}

// changesNothing asks the webhook about an injected pod: the answer must be no patch, the status annotation's included.
func (c checker) changesNothing(when string, pod []byte) []fault {
	again, err := c.injector.admit(pod)
	switch {
	case err != nil:
		return []fault{{when + ": the answer makes no sense", err.Error()}}
	case again.denied != "":
		return []fault{{when + ": refused: " + withoutValues(again.denied), again.denied}}
	case len(again.operations) == 0:
		return nil
	}
	if f := different(when, pod, again.pod); len(f) > 0 {
		return f
	}
	return []fault{{when + ": a patch that changes nothing", fmt.Sprint(again.operations)}}
}

// removed removes the injection, which must give the pod as it was sent.
func (c checker) removed(when string, sent, pod []byte) []fault {
	object, err := tree(pod)
	if err != nil {
		return []fault{{when + ": no JSON", err.Error()}}
	}
	without, _, ok, err := templates.Remove(object, c.statusKey())
	if err != nil || !ok {
		return []fault{{when + ": not removed", fmt.Sprintf("found: %t, error: %v", ok, err)}}
	}
	text, err := json.Marshal(without)
	if err != nil {
		return []fault{{when + ": no JSON", err.Error()}}
	}
	if text, err = c.server.received(text); err != nil {
		return []fault{{when + ": not taken: " + withoutValues(err.Error()), err.Error()}}
	}
	return different(when, sent, text)
}

// previewed injects the pod as the command preview does, without an API server: what the API server makes of the result must
// be what it stored, but for the status annotation.
func (c checker) previewed(author map[string]any, stored []byte) []fault {
	made := simulate.PodOf(manifest.Workload{Template: author}, pods.Namespace)
	raw, err := json.Marshal(simulate.WithDefaults(made))
	if err != nil {
		return []fault{{"previewed: no JSON", err.Error()}}
	}
	// The name of the token's volume stands in annotations too.
	raw = bytes.ReplaceAll(raw, []byte(tokenSuffix+manifest.GeneratedSuffix), []byte(tokenSuffix+"token"))
	preview, err := c.injector.admit(raw)
	if err != nil || preview.denied != "" {
		return []fault{{"previewed: refused: " + withoutValues(preview.denied), fmt.Sprint(preview.denied, err)}}
	}
	text, err := c.server.received(preview.pod)
	if err != nil {
		return []fault{{"previewed: not taken: " + withoutValues(err.Error()), err.Error()}}
	}
	return append(different("previewed", stored, text, c.statusKey()),
		slices.Concat(c.changesNothing("injected by hand, twice", preview.pod), c.changesNothing("injected by hand, then by the webhook", text))...)
}

// judgeRefusal holds a refusal to its name: it names an annotation without which the pod is not refused for that, or a
// field.
func (c checker) judgeRefusal(author map[string]any, o outcome) []fault {
	if o.status >= http.StatusInternalServerError {
		return []fault{{"fails: " + withoutValues(o.denied), o.denied}}
	}
	without := runtime.DeepCopyJSON(author)
	metadata, _ := without["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	before := len(annotations)
	maps.DeleteFunc(annotations, func(key string, _ any) bool {
		return strings.Contains(o.denied, strconv.Quote(key)) || strings.Contains(o.denied, "`"+key+"`")
	})
	if len(annotations) == before {
		if fieldPath.MatchString(o.denied) {
			return nil
		}
		return []fault{{"refused without a name: " + withoutValues(o.denied), o.denied}}
	}
	raw, err := json.Marshal(without)
	if err == nil {
		raw, err = c.server.received(raw)
	}
	if err != nil {
		return []fault{{"refused: no pod without the annotation", err.Error()}}
	}
	if again, err := c.injector.admit(raw); err != nil || again.denied == o.denied {
		return []fault{{"refused without the named annotation too: " + withoutValues(o.denied), fmt.Sprint(o.denied, err)}}
	}
	return nil
}

// fieldPath is how messages name fields of a pod.
var fieldPath = regexp.MustCompile(`\b(spec|metadata)[./]|\b(container|volume|port) "`)
