package templates

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"k8s.io/utils/lru"

	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// treeCacheSize bounds the parsed outputs that an engine keeps for one template: one for each way through its branches,
// whatever the values.
const treeCacheSize = 256

// compiled is a template that has been parsed, once for all pods. It is safe for concurrent use.
type compiled struct {
	name    string
	program *param.Program
	options param.FillOptions
	trees   *lru.Cache // text with tokens → *param.Tree
	unread  unread
}

// compile parses a template and makes parameters of what its actions print. Errors are *Error.
func compile(name, text string, profile *Profile) (*compiled, error) {
	hooks := &profile.Hooks
	missing := "missingkey=error"
	if hooks.AllowMissing {
		missing = "missingkey=default"
	}
	own := functions()
	own["skip"] = profile.skip
	known := param.Functions(bounded(merged(own, hooks.Functions)))
	parsed, err := template.New(name).Option(missing).Funcs(known).Parse(text)
	if err != nil {
		return nil, parseError(name, err, known)
	}
	c := &compiled{name: name, options: param.FillOptions{LastWins: hooks.LastKeyWins}, trees: lru.New(treeCacheSize)}
	if c.program, err = param.Compile(parsed, known); err != nil {
		return nil, c.parameterError(err)
	}
	c.unread = unreadBy(c.program.Template(), text, hooks)
	return c, nil
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
	problem, function := parts[2], ""
	if unknown := unknownFunctionForm.FindStringSubmatch(problem); unknown != nil {
		function = unknown[1]
		problem += suggest.Question(suggest.Name(function, slices.Sorted(maps.Keys(known))))
	}
	return &Error{Template: name, Line: line, Function: function, Err: errors.New(problem)}
}

// render executes the template on what it is to see and returns its parsed output, which the caller must not change.
// Errors are *Error, or ErrEnded once done is closed.
func (c *compiled) render(data any, done <-chan struct{}) (*overlay, error) {
	output, err := c.program.Execute(data, param.Budget{Output: maxOutput, Steps: maxSteps, Made: maxMade, Value: maxValue, Prices: prices, Done: done})
	if err != nil {
		return nil, c.executionError(err)
	}
	known, ok := c.trees.Get(output.Text())
	tree, _ := known.(*param.Tree)
	if !ok {
		if tree, err = output.Parse(podType); err != nil {
			return nil, c.parameterError(err)
		}
	}
	filled, err := tree.Fill(output, c.options)
	if err == nil && !ok {
		err = checkPod(filled)
	}
	if err != nil {
		return nil, c.outputError(tree, output, err)
	}
	c.trees.Add(output.Text(), tree)
	return newOverlay(filled, output.Unpacked(tree, filled)), nil
}

// outputError says where in the template what is wrong with its output comes from; of several fields that are wrong the
// first has the others.
func (c *compiled) outputError(tree *param.Tree, output *param.Output, err error) error {
	if errors.Is(err, param.ErrSchema) {
		var filled any
		if filled, err = tree.FillUnchecked(output, c.options); err == nil {
			err = checkPod(filled)
		}
	}
	fields := fieldErrors(err)
	if len(fields) == 0 {
		return c.parameterError(err)
	}
	locate := func(field *fieldError) *Error {
		line, action := tree.Locate(output, field.path)
		return &Error{Template: c.name, Line: line, Action: action, Field: field.path.key(), Err: field}
	}
	first := locate(fields[0])
	for _, field := range fields[1:] {
		first.More = append(first.More, locate(field))
	}
	return first
}

// parameterError puts an error of package param into ours.
func (c *compiled) parameterError(err error) *Error {
	found, ok := errors.AsType[*param.Error](err)
	switch {
	case !ok:
		return &Error{Template: c.name, Err: err}
	case errors.Is(err, ErrBudget):
		return &Error{Template: c.name, Line: found.Line, Action: found.Action, Err: &called{found.Problem, ErrBudget}}
	case found.OfValue:
		return &Error{Template: c.name, Line: found.Line, Action: found.Action, Err: &InputError{Problem: found.Problem}}
	}
	return &Error{Template: c.name, Line: found.Line, Action: found.Action, Err: errors.New(found.Problem)}
}

// executionErrorForm is how text/template reports where execution failed: line, action and cause.
var executionErrorForm = regexp.MustCompile(`^template: [^:]+:(\d+)(?::\d+)?: (?:executing ".*?" (?:at <(.*?)>: )?)?(?s:(.*))$`)

func (c *compiled) executionError(err error) error {
	if errors.Is(err, param.ErrDone) {
		return ErrEnded
	}
	if _, ok := errors.AsType[*param.Error](err); ok {
		return c.parameterError(err)
	}
	if skip, ok := errors.AsType[*SkipError](err); ok {
		return skip
	}
	line, action, cause := 0, "", err
	if parts := executionErrorForm.FindStringSubmatch(err.Error()); parts != nil {
		line, _ = strconv.Atoi(parts[1])
		action, cause = parts[2], errors.New(parts[3])
		if action != "" && !strings.HasPrefix(action, "{{") { // of a call it has them already
			action = "{{" + action + "}}"
		}
	}
	if failed, ok := errors.AsType[*FailError](err); ok {
		cause = &called{cause.Error(), failed}
	}
	if errors.Is(err, ErrBudget) {
		cause = &called{cause.Error(), ErrBudget}
	}
	if input, ok := errors.AsType[*InputError](err); ok {
		cause = input
		if input.Annotation != "" || strings.HasPrefix(action, "{{refuse ") { // which says more to the pod's author
			action = ""
		}
	}
	return &Error{Template: c.name, Line: line, Action: action, Err: cause}
}

// called is an error of a function, or of what a template may take, as it is told.
type called struct {
	text string
	err  error
}

func (e *called) Error() string { return e.text }
func (e *called) Unwrap() error { return e.err }
