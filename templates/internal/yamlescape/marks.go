package yamlescape

import (
	"encoding/json"
	"errors"
	"strings"
)

// YAML is text that a function made as block YAML, perhaps of several lines. It stands as it is where it cannot end
// what it stands in.
type YAML string

// Flow is text that a function made as one complete node of YAML in flow style: a quoted scalar, or JSON. It stands as
// it is wherever a value can stand.
type Flow string

// mark is what a value says of itself by its type.
type mark uint8

const (
	unmarked mark = iota // plain data
	markYAML             // YAML
	markFlow             // Flow
)

// markOf returns how a value is marked.
func markOf(value any) mark {
	switch value.(type) {
	case YAML:
		return markYAML
	case Flow:
		return markFlow
	}
	return unmarked
}

// as returns text with the mark.
func (m mark) as(text string) any {
	switch m {
	case markYAML:
		return YAML(text)
	case markFlow:
		return Flow(text)
	}
	return text
}

// producer returns how the results of a function are marked. The argument that they are made from is the last one.
func producer(function string) mark {
	switch function {
	case "toYaml", "mustToYaml", "toYamlPretty":
		return markYAML
	case "toJSON", "structToJSON", "protoToJSON", "toJsonMap", "toJson", "mustToJson", "toRawJson", "mustToRawJson",
		"toPrettyJson", "mustToPrettyJson", "quote", "squote":
		return markFlow
	}
	return unmarked
}

// produced returns what a producer made of a value, or why it made nothing, as marked text.
func produced(m mark, text string, failure error, value any) (any, error) {
	switch {
	case m == markFlow && failure == nil:
		return Flow(plainJSON(text)), nil
	case m == markFlow:
		return nil, failure
	}
	json, err := json.Marshal(value)
	switch {
	case err != nil:
		return nil, errors.Join(failure, err)
	case failure == nil && isTrusted(text, json):
		return YAML(text), nil
	}
	block, err := blockYAML(plainJSON(string(json)))
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(text, "\n") {
		block = strings.TrimSuffix(block, "\n")
	}
	return YAML(block), nil
}

// passesMark says whether a function's result is marked as its last argument is: it changes nothing but white space
// around lines.
func passesMark(function string) bool {
	return function == "indent" || function == "nindent" || function == "trim"
}

// passed returns what such a function made of an argument, marked. Of marked text, trim takes only what is white space
// to YAML: it would make a null of a scalar that is nothing else.
func passed(function string, argument any, result string) any {
	m := markOf(argument)
	if m != unmarked && function == "trim" {
		result = strings.Trim(printed(argument).text, " \t\n")
	}
	return m.as(result)
}
