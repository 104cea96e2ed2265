package param

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Functions returns the functions for a template that is to be compiled: those of base, which is not changed, and
//
//	quote VALUE...   each VALUE that is not nil, double-quoted, separated by blanks (in place of sprig's)
//	squote VALUE...  the same with single quotes
//	print, printf, println, html, js, urlquery, as text/template has them
//
// Of base, the functions that make YAML or JSON (toYaml, toJSON, structToJSON, protoToJSON, toJsonMap and sprig's) return
// a *Value; indent, nindent and trim return one if they are given one; for all others it is a string like any other.
func Functions(base template.FuncMap) template.FuncMap {
	functions := printers()
	for name, function := range base {
		functions[name] = adapt(name, function)
	}
	functions["quote"] = func(values ...any) any { return quoteAll(quoteDouble, values) }
	functions["squote"] = func(values ...any) any { return quoteAll(quoteSingle, values) }
	return functions
}

// quoteAll returns one value as a Value, several as text.
func quoteAll(quote func(string) string, values []any) any {
	var all []string
	var last string
	for _, value := range values {
		if value == nil {
			continue
		}
		last = printed(value)
		all = append(all, quote(last))
	}
	if len(all) == 1 {
		return quoted(last, all[0])
	}
	return strings.Join(all, " ")
}

// role is what a function has to do with Values.
type role uint8

const (
	takesText  role = iota // it knows nothing of them
	makesBlock             // it makes lines of YAML of its last argument
	makesFlow              // it makes JSON
	movesLines             // it changes nothing but blanks around the lines of its last argument
)

func roleOf(function string) role {
	switch function {
	case "toYaml", "mustToYaml", "toYamlPretty":
		return makesBlock
	case "toJSON", "structToJSON", "protoToJSON", "toJsonMap", "toJson", "mustToJson", "toRawJson", "mustToRawJson",
		"toPrettyJson", "mustToPrettyJson":
		return makesFlow
	case "indent", "nindent", "trim":
		return movesLines
	}
	return takesText
}

var (
	stringType = reflect.TypeFor[string]()
	anyType    = reflect.TypeFor[any]()
	errorType  = reflect.TypeFor[error]()
)

// adapt returns a function that takes Values where the function takes strings, and returns one where its name says so.
func adapt(name string, function any) any {
	is := roleOf(name)
	if fast := adaptCommon(function); fast != nil && is == takesText {
		return fast
	}
	f := reflect.ValueOf(function)
	t := f.Type()
	if t.Out(0) != stringType {
		is = takesText
	}
	in, takes := make([]reflect.Type, t.NumIn()), false
	for i := range in {
		in[i] = t.In(i)
		switch {
		case in[i] == stringType:
			in[i], takes = anyType, true
		case t.IsVariadic() && i == len(in)-1 && in[i].Elem() == stringType:
			in[i], takes = reflect.SliceOf(anyType), true
		}
	}
	if !takes && is == takesText {
		return function
	}
	out := []reflect.Type{t.Out(0), errorType}
	if is != takesText {
		out[0] = anyType
	}
	firstLine := is == movesLines && indentsFirstLine(f)
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if is == takesText {
			result, err := call(f, args)
			return []reflect.Value{result, reflect.ValueOf(&err).Elem()}
		}
		result, err := apply(is, name, f, args, firstLine)
		return []reflect.Value{reflect.ValueOf(&result).Elem(), reflect.ValueOf(&err).Elem()}
	}).Interface()
}

// apply calls a function that makes or moves Values.
func apply(is role, name string, f reflect.Value, args []reflect.Value, firstLine bool) (any, error) {
	last := args[len(args)-1].Interface()
	switch given, isValue := last.(*Value); {
	case is == makesBlock:
		own := append([]reflect.Value(nil), args...)
		value := blockOf(last, func() (string, error) { return callText(f, own) })
		_, err := value.asJSON()
		return value, err
	case is == movesLines && isValue:
		moved := layout{}
		if name != "trim" {
			moved = layout{given.layout.indent + int(args[0].Int()), firstLine, given.layout.line || name == "nindent"}
		}
		return given.laidOut(moved, func(text string) (string, error) {
			if name == "trim" { // of other characters, trim would make another value
				return strings.Trim(text, " \t\n"), nil
			}
			return callText(f, append(args[:len(args)-1:len(args)-1], reflect.ValueOf(&text).Elem()))
		}), nil
	}
	text, err := callText(f, args)
	if err != nil || is == movesLines {
		return text, err
	}
	if made, ok := last.(string); ok && utf8.ValidString(made) {
		return quoted(made, text), nil
	}
	return flowOf(text), nil
}

func callText(f reflect.Value, args []reflect.Value) (string, error) {
	result, err := call(f, args)
	if err != nil {
		return "", err
	}
	return result.String(), nil
}

// indentsFirstLine says whether a function of (int, string) indents the first line too: Istio's indent does not.
func indentsFirstLine(f reflect.Value) bool {
	if f.Type().NumIn() != 2 {
		return false
	}
	text, err := callText(f, []reflect.Value{reflect.ValueOf(1), reflect.ValueOf("x")})
	return err == nil && strings.HasPrefix(strings.TrimPrefix(text, "\n"), " ")
}

// adaptCommon is adapt for functions of the usual types, without reflection; nil for those of others.
func adaptCommon(function any) any {
	switch f := function.(type) {
	case func(string) string:
		return func(a any) (string, error) { return call1(f, a) }
	case func(string, string) string:
		return func(a, b any) (string, error) { return call2(f, a, b) }
	case func(string, string) bool:
		return func(a, b any) (bool, error) { return call2(f, a, b) }
	case func(map[string]string, string) bool:
		return func(m map[string]string, a any) (bool, error) {
			return call1(func(s string) bool { return f(m, s) }, a)
		}
	case func(metav1.ObjectMeta, string, any) string:
		return func(m metav1.ObjectMeta, a, fallback any) (string, error) {
			return call1(func(s string) string { return f(m, s, fallback) }, a)
		}
	case func(any, string) string:
		return func(a, b any) (string, error) {
			return call1(func(s string) string { return f(a, s) }, b)
		}
	}
	return nil
}

func call1[T any](f func(string) T, a any) (result T, err error) {
	s, err := toString(a)
	if err != nil {
		return result, err
	}
	return f(s), nil
}

func call2[T any](f func(a, b string) T, a, b any) (result T, err error) {
	s, err := toString(a)
	if err != nil {
		return result, err
	}
	return call1(func(t string) T { return f(s, t) }, b)
}

// call calls a function with the texts of Values where it takes strings. With an error it returns the zero result.
func call(f reflect.Value, args []reflect.Value) (result reflect.Value, err error) {
	t := f.Type()
	result = reflect.Zero(t.Out(0))
	plain := make([]reflect.Value, len(args))
	for i := range args {
		plain[i] = args[i]
		switch {
		case t.In(i) == stringType:
			s, err := toString(args[i].Interface())
			if err != nil {
				return result, err
			}
			plain[i] = reflect.ValueOf(s)
		case t.IsVariadic() && i == len(args)-1 && t.In(i).Elem() == stringType:
			texts := make([]string, args[i].Len())
			for j := range texts {
				if texts[j], err = toString(args[i].Index(j).Interface()); err != nil {
					return result, err
				}
			}
			plain[i] = reflect.ValueOf(texts)
		}
	}
	var results []reflect.Value
	if t.IsVariadic() {
		results = f.CallSlice(plain)
	} else {
		results = f.Call(plain)
	}
	if len(results) == 2 && !results[1].IsNil() {
		return result, results[1].Interface().(error)
	}
	return results[0], nil
}

// toString returns the string in an argument, as text/template would take it.
func toString(arg any) (string, error) {
	switch arg := arg.(type) {
	case string:
		return arg, nil
	case *Value:
		return arg.asText()
	case *string:
		if arg != nil {
			return *arg, nil
		}
	case nil:
		return "", errors.New("invalid value; expected string")
	}
	return "", fmt.Errorf("wrong type for value; expected string; got %T", arg)
}
