package param

import (
	"errors"
	"fmt"
	"reflect"
	"text/template"
	"unsafe"
)

// Budget bounds one execution, so that each ends soon and takes little memory, whatever the template and its data.
type Budget struct {
	// Output is how many bytes of text may be written.
	Output int
	// Steps is how much work may be done: a node of a range's or a template's body is a step each time, a call of a
	// function and a pass through a body is callSteps, and bytesPerStep bytes that a function is given or returns are one.
	Steps int
	// Made is how many bytes functions may make, which bounds what is held at once, and Value is how many a single value may
	// have.
	Made, Value int
	// Prices are what calls of functions cost besides, by name: of those whose time does not follow the size of what they are
	// given and return.
	Prices map[string]Price
	// Done, once it is closed, ends the execution with ErrDone. Nil: nothing does.
	Done <-chan struct{}
}

// A Price returns how many steps a call costs, given its arguments.
type Price func(args []any) int

const (
	// callSteps is what a call costs beside a node of the same body.
	callSteps       = 4
	bytesPerStep    = 64
	elementsPerStep = 8
	// comparedPerStep is how many bytes of text are compared in the time of a step.
	comparedPerStep = 16 << 10
	// elementBytes is what an element of a list or a map takes beside its own value.
	elementBytes = 16
	// maxCalls is how deep templates may call each other: text/template's own limit takes 200 MiB.
	maxCalls = 1000
	// maxLevels is how deep the actions of all these may be in each other: each takes about 300 bytes of a stack.
	maxLevels = 50_000
	// maxNesting is how many lists and maps may be in each other in what a function is given, but for those that know deep
	// lists. What a function makes recursively of a deeper value could take a whole stack, and end the process.
	maxNesting = 100
)

// ErrDone is the error of an execution that its Budget's Done has ended.
var ErrDone = errors.New("nobody waits for the result any more")

// ErrBudget is what errors are that say which part of a Budget has run out.
var ErrBudget = errors.New("the template's budget has run out")

// spent is such an error, in words.
type spent string

func (s spent) Error() string { return string(s) }

// Is says that it is ErrBudget.
func (s spent) Is(target error) bool { return target == ErrBudget }

// visitsDeepLists are the functions that visit lists in lists without recursion. boxes are those that look at the elements of
// their lists only, and copy nothing but them. comparesAll are those that compare all elements with each other.
var (
	visitsDeepLists = map[string]bool{"flatten": true, "union": true, "minus": true, "without": true, "assignPorts": true}
	boxes           = map[string]bool{
		"list": true, "tuple": true, "append": true, "prepend": true, "concat": true, "first": true, "last": true, "default": true, "empty": true,
	}
	comparesAll = map[string]bool{"uniq": true, "mustUniq": true, "mustWithout": true}
)

// printers are the functions of text/template that make text: as functions of ours they have a budget.
func printers() template.FuncMap {
	return template.FuncMap{
		"print": fmt.Sprint, "printf": fmt.Sprintf, "println": fmt.Sprintln,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
	}
}

// account is what is left of the budget of one execution.
type account struct {
	Budget
	calls, levels int
	longest       int                 // bytes of the longest text made
	sizes         map[identity]extent // of the lists and maps seen
}

// identity is that of a list or a map: nobody changes one, and who knows its identity keeps it.
type identity struct {
	at     unsafe.Pointer
	length int
}

// extent is how large a value is.
type extent struct {
	bytes, nesting int
	length         int // of a list or a map
}

// spend takes steps. Its error says what ran out.
func (a *account) spend(steps int) error {
	if a.Steps -= steps; a.Steps < 0 {
		return spent("the template takes too many steps: does a range have an end?")
	}
	select {
	case <-a.Done:
		return ErrDone
	default:
		return nil
	}
}

// charge takes what a call of a function costs, for its arguments.
func (a *account) charge(name string, args ...any) error {
	steps := callSteps
	for _, arg := range args {
		of, _ := a.extentOf(arg)
		switch {
		case boxes[name]:
			steps += of.length / elementsPerStep
			continue
		case of.nesting > maxNesting && !visitsDeepLists[name]:
			return fmt.Errorf("got lists or maps that are %d deep; at most %d may be in each other", of.nesting, maxNesting)
		}
		steps += of.bytes / bytesPerStep
		if comparesAll[name] { // each element of the first list with all the others, or with the other arguments
			steps += of.bytes / bytesPerStep * max(of.length, len(args))
		}
	}
	if price := a.Prices[name]; price != nil {
		if err := a.spend(steps); err != nil {
			return err
		}
		steps = price(args)
	}
	return a.spend(steps)
}

// returned takes what a function has made.
func (a *account) returned(name string, value any) error {
	of, made := a.extentOf(value)
	switch value.(type) {
	case string, *Value:
		a.longest = max(a.longest, of.bytes)
	}
	if of.bytes > a.Value {
		return spent(fmt.Sprintf("the result is too large; at most %d MiB are allowed", a.Value>>20))
	}
	if boxes[name] {
		made = (of.length + 4) * elementBytes
	}
	if a.Made -= made; a.Made < 0 {
		return spent("the template makes too many values: does a range have an end?")
	}
	return a.spend(made / bytesPerStep)
}

// extentOf returns how large a value is, and how much of it was not seen before. Values of other types than those that
// functions make are the data's, which is as large as it is.
func (a *account) extentOf(value any) (of extent, unseen int) {
	switch value := value.(type) {
	case string:
		return extent{bytes: len(value)}, len(value)
	case *Value:
		if value != nil && value.isRead {
			of, unseen = a.extentOf(value.value)
		}
		if value != nil {
			blanks := value.layout.indent * value.lines // which are written later
			of.bytes, unseen = max(of.bytes, len(value.text))+blanks, unseen+len(value.text)+blanks
		}
		return of, unseen
	case []any:
		return a.sum(unsafe.Pointer(unsafe.SliceData(value)), len(value), func(add func(key string, element any)) {
			for _, element := range value {
				add("", element)
			}
		})
	case map[string]any:
		return a.sum(reflect.ValueOf(value).UnsafePointer(), len(value), func(add func(key string, element any)) {
			for key, element := range value {
				add(key, element)
			}
		})
	case []string:
		return a.sum(unsafe.Pointer(unsafe.SliceData(value)), len(value), func(add func(key string, element any)) {
			for _, element := range value {
				add(element, nil)
			}
		})
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return extent{bytes: v.Len() * elementBytes, length: v.Len()}, v.Len() * elementBytes
	default:
		return extent{bytes: elementBytes}, 0
	}
}

// sum returns the extent of a list or a map by those of its elements, once.
func (a *account) sum(at unsafe.Pointer, length int, elements func(add func(key string, element any))) (of extent, unseen int) {
	id := identity{at, length}
	if of, known := a.sizes[id]; known || length == 0 {
		return of, 0
	}
	of.length = length
	elements(func(key string, element any) {
		inner, made := a.extentOf(element)
		own := elementBytes + len(key)
		of.bytes = min(of.bytes+own+inner.bytes, a.Value+1)
		of.nesting = max(of.nesting, inner.nesting)
		unseen += own + made
	})
	of.nesting++
	if a.sizes == nil {
		a.sizes = map[identity]extent{}
	}
	a.sizes[id] = of
	return of, unseen
}

// bind returns a function of the same type that takes what it costs from the budget. text/template makes an error, with
// its place, of a panic with an error.
func (a *account) bind(name string, function any) any {
	switch f := function.(type) { // the usual types, without reflection
	case func(any) (string, error):
		return func(x any) (string, error) {
			must(a.charge(name, x))
			result, err := f(x)
			must(a.returned(name, result))
			return result, err
		}
	case func(any, any) (string, error):
		return func(x, y any) (string, error) {
			must(a.charge(name, x, y))
			result, err := f(x, y)
			must(a.returned(name, result))
			return result, err
		}
	case func(any, any) (bool, error):
		return func(x, y any) (bool, error) {
			must(a.charge(name, x, y))
			return f(x, y)
		}
	case func(...any) string:
		return variadic(a, name, f)
	case func(...any) []any:
		return variadic(a, name, f)
	case func(...any) map[string]any:
		return variadic(a, name, f)
	case func(...any) any:
		return variadic(a, name, f)
	}
	f := reflect.ValueOf(function)
	call := f.Call
	if f.Type().IsVariadic() {
		call = f.CallSlice
	}
	return reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
		given := make([]any, 0, len(args))
		for _, arg := range args {
			if all, ok := arg.Interface().([]any); ok && f.Type().IsVariadic() { // no list of the template's
				given = append(given, all...)
				continue
			}
			given = append(given, arg.Interface())
		}
		must(a.charge(name, given...))
		results := call(args)
		must(a.returned(name, results[0].Interface()))
		return results
	}).Interface()
}

// variadic is bind for functions of any number of values.
func variadic[T any](a *account, name string, f func(...any) T) any {
	return func(all ...any) T {
		must(a.charge(name, all...))
		result := f(all...)
		must(a.returned(name, result))
		return result
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
