package valid

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// statusKey is the annotation in which the engine notes what it set.
const statusKey = "sidecar-injector.github.io/status"

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
	refused  fate = "refused, naming the annotation or field"
	warned   fate = "not valid injected, but warned about"
)

// checker holds pods to the properties, with one injector. It is safe for concurrent use.
type checker struct {
	server   *apiServer
	injector *injector
}

// check returns what became of the pod that an author sends, or what is wrong. An error is one of the test.
func (c checker) check(author map[string]any) (fate, *fault, error) {
	raw, err := json.Marshal(author)
	if err != nil {
		return "", nil, err
	}
	received, err := c.server.receive(raw)
	if err != nil || c.server.validate(received) != nil {
		return notValid, nil, nil //nolint:nilerr // a pod that the API server refuses is none to inject
	}
	sent, err := c.server.sendNamed(received)
	if err != nil {
		return "", nil, err
	}
	first, err := c.injector.admit(sent)
	if err != nil {
		return "", &fault{"the answer makes no sense", err.Error()}, nil
	}
	if first.denied != "" {
		f := c.judgeRefusal(author, first)
		return refused, f, nil
	}
	if len(first.operations) == 0 {
		return skipped, nil, nil
	}
	if f := c.samePod(sent, first); f != nil {
		return injected, f, nil
	}
	again, err := c.server.receive(first.pod)
	if err != nil {
		return injected, &fault{"invalid: " + withoutValues(err.Error()), err.Error()}, nil
	}
	if err := c.server.validate(again); err != nil {
		if saysSo(first.warnings, err) {
			return warned, nil, nil
		}
		return injected, &fault{"invalid: " + causes(err), err.Error() + warningsOf(first)}, nil
	}
	stored, err := c.server.sendNamed(again)
	if err != nil {
		return "", nil, err
	}
	for _, property := range []func() *fault{
		func() *fault { return c.changesNothing("injected twice", first.pod) },
		func() *fault { return c.changesNothing("injected again by the API server", stored) },
		func() *fault { return c.removed("removed", sent, first.pod) },
		func() *fault { return c.removed("removed from the stored pod", sent, stored) },
		func() *fault { return c.previewed(raw, stored) },
	} {
		if f := property(); f != nil {
			return injected, f, nil
		}
	}
	return injected, nil, nil
}

// samePod holds the patch, applied to the raw JSON, to the pod that the engine returns.
func (c checker) samePod(sent []byte, first outcome) *fault {
	pod, err := tree(sent)
	if err != nil {
		return &fault{"the patch makes no JSON", err.Error()}
	}
	result, err := c.injector.engine.Inject(templates.Input{Pod: pod, Namespace: namespace()})
	if err != nil {
		return &fault{"the engine refuses what the webhook takes", err.Error()}
	}
	text, err := json.Marshal(result.Pod)
	if err != nil {
		return &fault{"the engine's pod is no JSON", err.Error()}
	}
	return different("the patch makes another pod", text, first.pod)
}

// changesNothing asks the webhook about an injected pod: the answer must be no patch, the status annotation's included.
func (c checker) changesNothing(when string, pod []byte) *fault {
	again, err := c.injector.admit(pod)
	switch {
	case err != nil:
		return &fault{when + ": the answer makes no sense", err.Error()}
	case again.denied != "":
		return &fault{when + ": refused: " + withoutValues(again.denied), again.denied}
	case len(again.operations) == 0:
		return nil
	}
	if f := different(when, pod, again.pod); f != nil {
		return f
	}
	return &fault{when + ": a patch that changes nothing", fmt.Sprint(again.operations)}
}

// removed removes the injection, which must give the pod as it was sent.
func (c checker) removed(when string, sent, pod []byte) *fault {
	object, err := tree(pod)
	if err != nil {
		return &fault{when + ": no JSON", err.Error()}
	}
	without, _, ok, err := templates.Remove(object, statusKey)
	if err != nil || !ok {
		return &fault{when + ": not removed", fmt.Sprintf("found: %t, error: %v", ok, err)}
	}
	text, err := json.Marshal(without)
	if err != nil {
		return &fault{when + ": no JSON", err.Error()}
	}
	if text, err = c.server.received(text); err != nil {
		return &fault{when + ": not taken: " + withoutValues(err.Error()), err.Error()}
	}
	return different(when, sent, text)
}

// previewed injects the pod as its author wrote it, before anything is filled in: what the API server makes of the result
// must be what it stored, but for the status annotation.
func (c checker) previewed(author, stored []byte) *fault {
	preview, err := c.injector.admit(author)
	if err != nil || preview.denied != "" {
		return &fault{"previewed: refused: " + withoutValues(preview.denied), fmt.Sprint(preview.denied, err)}
	}
	text, err := c.server.received(preview.pod)
	if err != nil {
		return &fault{"previewed: not taken: " + withoutValues(err.Error()), err.Error()}
	}
	return different("previewed", stored, text, statusKey)
}

// judgeRefusal holds a refusal to naming an annotation that the pod has or a field.
func (c checker) judgeRefusal(author map[string]any, o outcome) *fault {
	if o.status >= http.StatusInternalServerError {
		return &fault{"fails: " + withoutValues(o.denied), o.denied}
	}
	metadata, _ := author["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	for key := range annotations {
		if strings.Contains(o.denied, key) {
			return nil
		}
	}
	if fieldPath.MatchString(o.denied) {
		return nil
	}
	return &fault{"refused without a name: " + withoutValues(o.denied), o.denied}
}

var fieldPath = regexp.MustCompile(`\b(spec|metadata)[./]|\b(container|volume|port) "`)

// saysSo says that a warning names what the API server's error is about.
func saysSo(warnings []string, err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return false
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		field := cause.Field[strings.LastIndexByte(cause.Field, '.')+1:]
		if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, field) }) {
			return false
		}
	}
	return true
}

func warningsOf(o outcome) string {
	if len(o.warnings) == 0 {
		return ""
	}
	return "\nwarned: " + strings.Join(o.warnings, "; ")
}
