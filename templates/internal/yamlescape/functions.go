package yamlescape

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"
)

// Functions returns the functions for a template that is to be escaped: those of base, which is not changed, and
//
//	quote VALUE...   each VALUE that is not nil, double-quoted, separated by blanks (in place of sprig's)
//	squote VALUE...  the same with single quotes
//
// Of base, the functions that make YAML or JSON (toYaml, toJSON, structToJSON, protoToJSON, toJsonMap and sprig's) mark
// what they return as YAML or Flow; indent, nindent and trim return text marked as what they are given; and for all
// others a marked argument is a string like any other.
func Functions(base template.FuncMap) template.FuncMap {
	functions := make(template.FuncMap, len(base)+2)
	for name, function := range base {
		functions[name] = adapt(name, function)
	}
	functions["quote"] = func(values ...any) (any, error) { return quoteAll(quoteDouble, values) }
	functions["squote"] = func(values ...any) (any, error) { return quoteAll(quoteSingle, values) }
	return functions
}

// quoteAll returns one value as a finished scalar. Several are none, and are not marked.
func quoteAll(quote func(string) (string, string), values []any) (any, error) {
	var all []string
	for _, value := range values {
		if value == nil {
			continue
		}
		quoted, problem := quote(printed(value).text)
		if problem != "" {
			return nil, errors.New(problem)
		}
		all = append(all, quoted)
	}
	if len(all) == 1 {
		return Flow(all[0]), nil
	}
	return strings.Join(all, " "), nil
}

// quoteSingle returns the text in single quotes, or in double quotes if single ones cannot hold it.
func quoteSingle(s string) (quoted, problem string) {
	if quoted, problem = insideSingle(s); problem != "" {
		return quoteDouble(s)
	}
	return "'" + quoted + "'", ""
}

var (
	stringType = reflect.TypeFor[string]()
	anyType    = reflect.TypeFor[any]()
	errorType  = reflect.TypeFor[error]()
)

// adapt returns a function that takes marked text where the function takes strings, and marks its result if the
// function of that name yields or passes on marked text.
func adapt(name string, function any) any {
	if fast := adaptCommon(function); fast != nil && producer(name) == unmarked && !passesMark(name) {
		return fast
	}
	f := reflect.ValueOf(function)
	t := f.Type()
	produces, passes := producer(name), passesMark(name)
	marks := (produces != unmarked || passes) && t.Out(0) == stringType
	var in []reflect.Type
	takes := false
	for i := range t.NumIn() {
		switch {
		case t.In(i) == stringType:
			in, takes = append(in, anyType), true
		case t.IsVariadic() && i == t.NumIn()-1 && t.In(i).Elem() == stringType:
			in, takes = append(in, reflect.SliceOf(anyType)), true
		default:
			in = append(in, t.In(i))
		}
	}
	if !takes && !marks {
		return function
	}
	out := []reflect.Type{t.Out(0), errorType}
	if marks {
		out[0] = anyType
	}
	adapted := func(args []reflect.Value) []reflect.Value {
		var last any
		if len(args) > 0 {
			last = args[len(args)-1].Interface()
		}
		result, err := callPlain(f, args)
		var value any
		switch {
		case produces != unmarked && marks:
			value, err = produced(produces, result.String(), err, last)
		case err == nil && marks:
			value = passed(name, last, result.String())
		}
		if marks {
			result = reflect.ValueOf(&value).Elem()
		}
		return []reflect.Value{result, reflect.ValueOf(&err).Elem()}
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), adapted).Interface()
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
	case func(int, string) string:
		return func(n int, a any) (string, error) {
			return call1(func(s string) string { return f(n, s) }, a)
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

// callPlain calls a function with marked arguments as strings. With an error it returns the zero result.
func callPlain(f reflect.Value, args []reflect.Value) (result reflect.Value, err error) {
	t := f.Type()
	result = reflect.Zero(t.Out(0))
	for i := range args {
		switch {
		case t.In(i) == stringType:
			s, err := toString(args[i].Interface())
			if err != nil {
				return result, err
			}
			args[i] = reflect.ValueOf(s)
		case t.IsVariadic() && i == len(args)-1 && t.In(i).Elem() == stringType:
			texts := make([]string, args[i].Len())
			for j := range texts {
				if texts[j], err = toString(args[i].Index(j).Interface()); err != nil {
					return result, err
				}
			}
			args[i] = reflect.ValueOf(texts)
		}
	}
	var results []reflect.Value
	if t.IsVariadic() {
		results = f.CallSlice(args)
	} else {
		results = f.Call(args)
	}
	if len(results) == 2 && !results[1].IsNil() {
		return result, results[1].Interface().(error)
	}
	return results[0], nil
}

// toString returns the string in an argument, as text/template would take it, with its mark dropped.
func toString(arg any) (string, error) {
	switch arg := arg.(type) {
	case string:
		return arg, nil
	case YAML:
		return string(arg), nil
	case Flow:
		return string(arg), nil
	case *string:
		if arg != nil {
			return *arg, nil
		}
	case nil:
		return "", errors.New("invalid value; expected string")
	}
	return "", fmt.Errorf("wrong type for value; expected string; got %T", arg)
}
