package templates

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

const (
	// maxPattern is how many bytes a regular expression may have: ten times the longest of the shipped profiles. What it compiles
	// to has a price, but has to be compiled to know it.
	maxPattern = 1000
	// maxParts is how many parts a text may be split into: the longest list that a pod's annotations have room for.
	maxParts = 300_000
	// maxWord is how many bytes a version or a text to wrap may have, which are read by slow means.
	maxWord = 64 << 10
)

// A cost says why a call would cost too much, given what is given to the function; empty: it does not.
type cost func(args []reflect.Value) string

// costs are those of functions that could make much of little. What others take and return is bounded by the budget.
func costs() map[string]cost {
	parts := func(separator, text int) cost {
		return func(args []reflect.Value) string {
			return atMost(strings.Count(textOf(args, text), textOf(args, separator))+1, maxParts, "parts")
		}
	}
	all := map[string]cost{
		"replace": func(args []reflect.Value) string {
			from, to, text := textOf(args, 0), textOf(args, 1), textOf(args, 2)
			return textAtMost(len(text) + strings.Count(text, from)*len(to))
		},
		"join": func(args []reflect.Value) string {
			return textAtMost(lengthOf(args, 1) * len(textOf(args, 0)))
		},
		"wrapWith": func(args []reflect.Value) string {
			return textAtMost(len(textOf(args, 2)) * (1 + len(textOf(args, 1))))
		},
		"split":     parts(0, 1),
		"splitList": parts(0, 1),
		"splitn":    parts(0, 2),
		"printf":    formatCost,
	}
	for _, name := range []string{"wrap", "wrapWith", "semver", "semverCompare", "duration", "initials", "snakecase", "camelcase", "kebabcase", "swapcase", "plural"} {
		other := all[name]
		all[name] = func(args []reflect.Value) string {
			for i := range args {
				if problem := atMost(len(textOf(args, i)), maxWord, "bytes"); problem != "" {
					return problem
				}
			}
			if other != nil {
				return other(args)
			}
			return ""
		}
	}
	for name := range regexFunctions() {
		all[name] = regexCost
	}
	return all
}

// limitCosts makes functions fail instead of costing too much.
func limitCosts(functions template.FuncMap) {
	for name, problem := range costs() {
		function, ok := functions[name]
		if !ok {
			continue
		}
		f := reflect.ValueOf(function)
		call := f.Call
		if f.Type().IsVariadic() {
			call = f.CallSlice
		}
		functions[name] = reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
			if problem := problem(args); problem != "" {
				panic(fmt.Errorf("%s: %s", name, problem)) // of which text/template makes an error with its place
			}
			return call(args)
		}).Interface()
	}
}

func atMost(count, most int, what string) string {
	if count <= most {
		return ""
	}
	return fmt.Sprintf("%d %s; at most %d are allowed", count, what, most)
}

func textAtMost(bytes int) string {
	if bytes <= maxValue {
		return ""
	}
	return fmt.Sprintf("the result could be too large; at most %d MiB are allowed", maxValue>>20)
}

// textOf returns an argument that is a string, lengthOf the length of one that is a list.
func textOf(args []reflect.Value, i int) string {
	if v := argument(args, i); v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

func lengthOf(args []reflect.Value, i int) int {
	if v := argument(args, i); v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		return v.Len()
	}
	return 0
}

func argument(args []reflect.Value, i int) reflect.Value {
	if i >= len(args) {
		return reflect.Value{}
	}
	v := args[i]
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// regexCost is for functions of a pattern, a text, and perhaps a replacement.
func regexCost(args []reflect.Value) string {
	pattern, text, replacement := textOf(args, 0), textOf(args, 1), textOf(args, 2)
	if len(pattern) > maxPattern {
		return fmt.Sprintf("the pattern has %d bytes; at most %d are allowed", len(pattern), maxPattern)
	}
	return textAtMost((len(text)+1)*(len(replacement)+1) + strings.Count(replacement, "$")*len(text))
}

// formatCost is for printf: a verb can show the largest argument, and a width or a precision, once each.
func formatCost(args []reflect.Value) string {
	format, largest := textOf(args, 0), 64
	if len(args) > 1 {
		for i := range args[1].Len() {
			v := args[1].Index(i)
			for v.Kind() == reflect.Interface && !v.IsNil() {
				v = v.Elem()
			}
			switch v.Kind() {
			case reflect.String:
				largest = max(largest, v.Len())
			case reflect.Int, reflect.Int64:
				if strings.Contains(format, "*") {
					largest = max(largest, int(min(max(v.Int(), -v.Int()), maxValue)))
				}
			}
		}
	}
	for number := range strings.FieldsFuncSeq(format, func(r rune) bool { return r < '0' || r > '9' }) {
		width, err := strconv.Atoi(number)
		if err != nil || width > maxValue {
			width = maxValue
		}
		largest = max(largest, width)
	}
	return textAtMost(len(format) + strings.Count(format, "%")*largest)
}
