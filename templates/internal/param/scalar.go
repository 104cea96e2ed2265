package param

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	kyaml "sigs.k8s.io/yaml"
)

// scalar builds a scalar. One without tokens is what sigs.k8s.io/yaml makes of it, as everywhere in Kubernetes.
func (b *builder) scalar(n *yaml.Node, of Schema) (*node, error) {
	made := &node{kind: scalarNode, line: b.line(n), schema: schema{of}, plain: n.Style&^(yaml.TaggedStyle|yaml.FlowStyle) == 0}
	if !strings.ContainsFunc(n.Value, isMark) {
		value, err := constantOf(n)
		if err != nil {
			return nil, b.fail(n, err.Error())
		}
		made.isConstant, made.value = true, value
		return made, nil
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str" {
		return nil, b.fail(n, fmt.Sprintf("a value cannot have the tag %s", n.Tag))
	}
	made.plain = made.plain && n.Style&yaml.TaggedStyle == 0
	made.parts = partsOf(n.Value)
	for i := range made.parts {
		if p := &made.parts[i]; p.text == "" {
			p.alone = b.source.alone[p.number]
			if problem := b.problem(*p, len(made.parts)); made.plain && problem != "" {
				return nil, b.output.fail(p.number, problem)
			}
		}
	}
	made.open = made.plain && len(made.parts) == 1
	return made, nil
}

// problem says why a parameter cannot be one of so many parts of a plain scalar, empty if it can.
func (b *builder) problem(p part, parts int) string {
	of := b.output.parameters[p.number]
	switch {
	case p.alone && of.made == nil:
		return "only functions that make YAML, such as toYaml, can stand alone on a line"
	case p.alone && parts > 1:
		return "stands alone on a line, and is neither an entry of a list nor of a mapping"
	case parts > 1 && (of.kind == kindMap || of.kind == kindList):
		return "a block of YAML cannot stand in the middle of text; toJSON makes what can"
	}
	return ""
}

// key builds the key of an entry, which is a string.
func (b *builder) key(n *yaml.Node) (*node, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return nil, b.fail(n, "the output is not valid YAML: a key is no scalar")
	}
	if err := b.checkKeyTag(n); err != nil {
		return nil, err
	}
	key, err := b.scalar(n, nil)
	if err != nil || !key.isConstant {
		return key, err
	}
	switch value := key.value.(type) {
	case string:
	case nil:
		return nil, b.fail(n, "the output is not valid YAML: a key is null")
	default:
		text, err := utiljson.Marshal(value)
		if err != nil {
			return nil, b.fail(n, err.Error())
		}
		key.value = string(text)
	}
	return key, nil
}

// constantOf returns the decoded value of a scalar without tokens.
func constantOf(n *yaml.Node) (any, error) {
	if n.Style&yaml.TaggedStyle == 0 && (n.Style != 0 || !mayBeOther(n.Value)) || n.Tag == "!!str" && n.Style&yaml.TaggedStyle != 0 {
		return n.Value, nil
	}
	text := n.Value
	if n.Style&yaml.TaggedStyle != 0 {
		text = n.Tag + " " + quoteDouble(n.Value)
	}
	raw, err := kyaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the output is not valid YAML: %s", strings.TrimPrefix(err.Error(), "error converting YAML to JSON: yaml: "))
	}
	var value any
	err = utiljson.Unmarshal(raw, &value)
	return value, err
}

// mayBeOther says whether a plain scalar may be anything else than a string.
func mayBeOther(text string) bool {
	if text == "" {
		return true
	}
	return strings.IndexByte("+-.0123456789~<=yYnNtTfFoO", text[0]) >= 0
}

func isMark(r rune) bool { return r == token || r == entryOfMap || r == entryOfList }

// partsOf splits a text at its tokens. What layout made of one that stands alone on a line is taken back, for here it
// turned out to be text.
func partsOf(text string) []part {
	var parts []part
	for {
		at := strings.IndexFunc(text, isMark)
		if at < 0 {
			break
		}
		form, size := utf8.DecodeRuneInString(text[at:])
		length := strings.IndexRune(text[at:], end)
		if length < 0 {
			break
		}
		number, _ := strconv.Atoi(text[at+size : at+length])
		before, after := text[:at], text[at+length+len(string(end)):]
		switch form {
		case entryOfMap:
			after = strings.TrimPrefix(after, ": ~")
		case entryOfList:
			before = strings.TrimSuffix(before, "- ")
		}
		if before != "" {
			parts = append(parts, part{text: before})
		}
		line := before[strings.LastIndexByte(before, '\n')+1:]
		parts = append(parts, part{number: number, blanks: line})
		text = after
	}
	if text != "" {
		parts = append(parts, part{text: text})
	}
	return parts
}

// judged returns what a plain scalar is as a whole: a number or a boolean in JSON's form, or else a string.
func judged(text string) any {
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if !isNumber(text) {
		return text
	}
	var number any
	if utiljson.Unmarshal([]byte(text), &number) != nil {
		return text // too large for a float64
	}
	return number
}

// isNumber says whether the text is a number in the form of JSON.
func isNumber(text string) bool {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	last := text[len(text)-1] // of blanks behind a number JSON says nothing
	return last >= '0' && last <= '9' && json.Valid([]byte(text))
}
