package templates

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"k8s.io/utils/lru"

	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/yamlescape"
)

// overlayCacheSize bounds the parsed overlays that an engine keeps. The pods of one workload render alike, so this is
// about the number of workloads whose pods are created at the same time.
const overlayCacheSize = 256

// compiled is a template that has been parsed and escaped, once for all pods. It is safe for concurrent use.
type compiled struct {
	name     string
	template *template.Template
	overlays *lru.Cache // rendered text → *overlay
}

// compile parses a template and decides how each of its actions is escaped. Errors are *Error.
func compile(name, text string, hooks *Hooks) (*compiled, error) {
	missing := "missingkey=error"
	if hooks.AllowMissing {
		missing = "missingkey=default"
	}
	known := yamlescape.Functions(merged(functions(), hooks.Functions))
	parsed, err := template.New(name).Option(missing).Funcs(known).Parse(text)
	if err != nil {
		return nil, parseError(name, err, known)
	}
	if err := yamlescape.Escape(parsed); err != nil {
		if undecided, ok := errors.AsType[*yamlescape.Error](err); ok {
			return nil, &Error{Template: name, Line: undecided.Line, Action: undecided.Action, Err: errors.New(undecided.Reason)}
		}
		return nil, &Error{Template: name, Err: err}
	}
	return &compiled{name: name, template: parsed, overlays: lru.New(overlayCacheSize)}, nil
}

// parseErrorForm is how text/template reports what it cannot parse: line and problem.
var parseErrorForm = regexp.MustCompile(`^template: [^:]*:(\d+): (?s:(.*))$`)

// unknownFunctionForm is how it reports a function that is not known.
var unknownFunctionForm = regexp.MustCompile(`^function "(\w+)" not defined$`)

func parseError(name string, err error, known template.FuncMap) *Error {
	parts := parseErrorForm.FindStringSubmatch(err.Error())
	if parts == nil {
		return &Error{Template: name, Err: err}
	}
	line, _ := strconv.Atoi(parts[1])
	problem := parts[2]
	if unknown := unknownFunctionForm.FindStringSubmatch(problem); unknown != nil {
		problem += suggest.Question(suggest.Name(unknown[1], slices.Sorted(maps.Keys(known))))
	}
	return &Error{Template: name, Line: line, Err: errors.New(problem)}
}

// render executes the template on what it is to see and returns its parsed output, which the caller must not change.
// Errors are *Error.
func (c *compiled) render(data any) (*overlay, error) {
	var out boundedOutput
	if err := c.template.Execute(&out, data); err != nil {
		return nil, c.executionError(err)
	}
	if known, ok := c.overlays.Get(out.String()); ok {
		return known.(*overlay), nil
	}
	parsed, err := parseOverlay(out.Bytes())
	if err != nil {
		return nil, c.outputError(out.Bytes(), data, err)
	}
	if err := c.checkDirectives(parsed, data); err != nil {
		return nil, err
	}
	c.overlays.Add(out.String(), parsed)
	return parsed, nil
}

// outputError says where in the template an error of parseOverlay comes from; of several fields that are wrong the first
// has the others.
func (c *compiled) outputError(output []byte, data any, err error) *Error {
	where := trace(c.template, data)
	locate := func(err error) *Error {
		line := where.line(overlayLine(output, err))
		return &Error{Template: c.name, Line: line, Action: where.action(line), Err: err}
	}
	fields := fieldErrors(err)
	if len(fields) == 0 {
		return locate(err)
	}
	first := locate(fields[0])
	for _, field := range fields[1:] {
		first.More = append(first.More, locate(field))
	}
	return first
}

// checkDirectives refuses a merge directive that does not stand in the template's own text: it came out of an action,
// and so perhaps out of the pod.
func (c *compiled) checkDirectives(parsed *overlay, data any) error {
	found := directives(parsed.pod)
	if len(found) == 0 {
		return nil
	}
	rendering := trace(c.template, data)
	for directive, count := range found {
		if rendering.literal(directive) < count {
			return &Error{Template: c.name, Err: fmt.Errorf("merge directive %q does not stand in the template's text", directive)}
		}
	}
	return nil
}

// executionErrorForm is how text/template reports where execution failed: line, action and cause.
var executionErrorForm = regexp.MustCompile(`^template: [^:]+:(\d+)(?::\d+)?: (?:executing ".*?" (?:at <(.*?)>: )?)?(?s:(.*))$`)

func (c *compiled) executionError(err error) *Error {
	line, action, cause := 0, "", err
	if parts := executionErrorForm.FindStringSubmatch(err.Error()); parts != nil {
		line, _ = strconv.Atoi(parts[1])
		action, cause = parts[2], errors.New(parts[3])
		if action != "" && !strings.HasPrefix(action, "{{") { // of a call it has them already
			action = "{{" + action + "}}"
		}
	}
	if input, ok := errors.AsType[*InputError](err); ok {
		cause = input
		if input.Annotation != "" { // which says more to the pod's author
			action = ""
		}
	}
	if value, ok := errors.AsType[*yamlescape.ValueError](err); ok {
		line, action = value.Line, value.Action
		cause = &InputError{Problem: fmt.Sprintf("in %s %s", value.Context, value.Problem)}
	}
	return &Error{Template: c.name, Line: line, Action: action, Err: cause}
}
