package param

import (
	"fmt"
	"reflect"
	"strconv"
)

// The kinds of a parameter, as far as they decide what the text around it means.
const (
	kindEmpty = 'e' // prints nothing
	kindText  = 's'
	kindFlow  = 'f' // a Value that is one node in flow style
	kindMap   = 'm' // a Value that is the lines of a mapping
	kindList  = 'l' // a Value that is the lines of a list
)

// parameter is the value of one action in one execution.
type parameter struct {
	action int
	kind   byte
	made   *Value // nil: text alone
	text   string
	layout layout
}

// Output is what an execution wrote: text with tokens, and the parameters that they stand for. It is not changed.
type Output struct {
	program    *Program
	text       string
	parameters []parameter
	packed     map[string]string // by Fill: text that is packed → its JSON
}

// Text identifies the tree that Parse makes of the output: outputs of one program with the same text have the same.
func (o *Output) Text() string { return o.text }

// fail says what is wrong with the action of a parameter, failValue what is wrong with its value alone.
func (o *Output) fail(number int, problem string) *Error {
	of := o.program.actions[o.parameters[number].action]
	return &Error{Line: of.line, Action: of.text, Problem: problem}
}

func (o *Output) failValue(number int, problem string) *Error {
	err := o.fail(number, problem)
	err.OfValue = true
	return err
}

func parameterOf(action int, value any) parameter {
	made, ok := value.(*Value)
	if !ok {
		text := printed(value)
		if text == "" {
			return parameter{action: action, kind: kindEmpty}
		}
		return parameter{action: action, kind: kindText, text: text}
	}
	p := parameter{action: action, kind: kindFlow, made: made, layout: made.layout}
	if made.block {
		switch decoded, _ := made.asJSON(); decoded.(type) {
		case map[string]any:
			p.kind = kindMap
		case []any:
			p.kind = kindList
		}
	}
	return p
}

// asText returns what the parameter is in the middle of text.
func (p *parameter) asText() (string, error) {
	if p.made == nil {
		return p.text, nil
	}
	return p.made.asText()
}

// printed returns what text/template prints for a value.
func printed(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case int:
		return strconv.Itoa(value)
	case bool:
		return strconv.FormatBool(value)
	case nil:
		return "<no value>"
	case error, fmt.Stringer:
		return fmt.Sprint(value)
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.CanInterface() {
		value = v.Interface()
	}
	return fmt.Sprint(value)
}
