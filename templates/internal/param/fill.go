package param

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrSchema says that a filled value is not what the schema wants. FillUnchecked gives the value, whose Check tells more.
var ErrSchema = errors.New("the output is not what its schema wants")

// Fill puts the parameters of an output into the tree of its text, and returns the value as decoded JSON, nil for an
// empty tree. What no parameter changes is shared between all values of the tree: a value must not be changed. The tree's
// constant parts are not checked again.
//
// The error is an *Error, or ErrSchema.
func (t *Tree) Fill(o *Output, options FillOptions) (any, error) {
	return t.fill(&filler{Output: o, FillOptions: options})
}

// FillUnchecked is Fill without the checks of the schema.
func (t *Tree) FillUnchecked(o *Output, options FillOptions) (any, error) {
	return t.fill(&filler{Output: o, FillOptions: options, unchecked: true})
}

// FillOptions say how values are put in. The zero value is strict.
type FillOptions struct {
	// LastWins lets an entry that comes later in a mapping replace one of the same key, where at least one of them comes
	// from a value. Otherwise that is an error.
	LastWins bool
}

// maxFilled is how many bytes of text one overlay may have: many times what can be stored of a pod.
const maxFilled = 16 << 20

type filler struct {
	*Output
	FillOptions
	tree      *Tree
	unchecked bool
	filled    int // bytes of text so far
}

// grow refuses text that becomes too long, before it is made.
func (f *filler) grow(number, bytes int) error {
	if f.filled += bytes; f.filled > maxFilled {
		return f.fail(number, fmt.Sprintf("the values that are printed are too large; at most %d MiB are allowed", maxFilled>>20))
	}
	return nil
}

func (t *Tree) fill(f *filler) (any, error) {
	if t.root == nil {
		return nil, nil
	}
	f.tree = t
	return f.fill(t.root)
}

func (f *filler) fill(n *node) (any, error) {
	switch {
	case n.isConstant:
		return n.value, nil
	case n.kind == mappingNode:
		return f.mapping(n)
	case n.kind == sequenceNode:
		return f.sequence(n)
	case n.kind == encodedNode:
		return f.encoded(n)
	}
	return f.scalar(n)
}

func (f *filler) check(n *node, value any) error {
	if f.unchecked || n.Schema == nil || n.Check(value) == nil {
		return nil
	}
	return ErrSchema
}

func (f *filler) sequence(n *node) (any, error) {
	list := make([]any, 0, len(n.children))
	for _, child := range n.children {
		if child.kind == entriesNode {
			value, err := f.made(child.parts[0].number)
			if err != nil {
				return nil, err
			}
			elements, _ := value.([]any)
			list = append(list, elements...)
			continue
		}
		value, err := f.fill(child)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if n.open {
		return list, f.check(n, list)
	}
	return list, nil
}

func (f *filler) mapping(n *node) (any, error) {
	object := make(map[string]any, len(n.children))
	for i, child := range n.children {
		if child.kind == entriesNode {
			number := child.parts[0].number
			value, err := f.made(number)
			if err != nil {
				return nil, err
			}
			entries, _ := value.(map[string]any)
			for name, entry := range entries {
				if _, there := object[name]; there && !f.LastWins {
					return nil, f.failValue(number, fmt.Sprintf("key %q already set in map", name))
				}
				object[name] = entry
			}
			continue
		}
		name, err := f.key(n.keys[i])
		if err != nil {
			return nil, err
		}
		if _, there := object[name]; there && !f.LastWins {
			return nil, &Error{Line: child.line, Problem: fmt.Sprintf("key %q already set in map", name)}
		}
		if object[name], err = f.fill(child); err != nil {
			return nil, err
		}
	}
	if n.open {
		return object, f.check(n, object)
	}
	return object, nil
}

// key returns the name of an entry.
func (f *filler) key(n *node) (string, error) {
	if n.isConstant {
		return n.value.(string), nil
	}
	for _, p := range n.parts {
		if made := f.parameters[p.number].made; p.text == "" && made != nil {
			value, err := made.asJSON()
			if err != nil {
				return "", f.fail(p.number, err.Error())
			}
			switch value.(type) {
			case map[string]any, []any:
				return "", f.fail(p.number, "a block of YAML is no key")
			}
			if text, ok := value.(string); ok && len(n.parts) == 1 && n.plain {
				return text, errors.Join(f.checkKey(text, p.number), f.checkMade(text, p.number))
			}
		}
	}
	text, err := f.text(n)
	if err != nil {
		return "", err
	}
	return text, f.checkKey(text, n.firstParameter())
}

func (n *node) firstParameter() int {
	for _, p := range n.parts {
		if p.text == "" {
			return p.number
		}
	}
	return 0
}

// checkKey refuses what steers a merge: it may come from a pod.
func (f *filler) checkKey(name string, number int) error {
	if strings.HasPrefix(name, "$") {
		return f.fail(number, fmt.Sprintf("merge directive %q does not stand in the template's text", name))
	}
	return nil
}

// made returns what a function made as YAML or JSON.
func (f *filler) made(number int) (any, error) {
	value, err := f.parameters[number].made.asJSON()
	if err != nil {
		return nil, f.fail(number, err.Error())
	}
	return value, f.checkMade(value, number)
}

// checkMade checks all keys and strings of a value.
func (f *filler) checkMade(value any, number int) error {
	switch value := value.(type) {
	case string:
		if !utf8.ValidString(value) {
			return f.failValue(number, "the value is not valid UTF-8")
		}
	case map[string]any:
		for name, field := range value {
			if err := f.checkKey(name, number); err != nil {
				return err
			}
			if err := f.checkMade(field, number); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range value {
			if err := f.checkMade(element, number); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *filler) scalar(n *node) (any, error) {
	wantsString := n.Schema != nil && n.WantsString()
	if n.open && f.parameters[n.parts[0].number].made != nil {
		number := n.parts[0].number
		value, err := f.made(number)
		if err != nil {
			return nil, err
		}
		switch value.(type) {
		case bool, int64, float64:
			if wantsString {
				return f.text(n)
			}
		}
		return value, f.check(n, value)
	}
	text, err := f.text(n)
	if err != nil || wantsString || !n.plain {
		if err == nil && !wantsString {
			err = f.check(n, text)
		}
		return text, err
	}
	value := judged(text)
	return value, f.check(n, value)
}

// text returns a scalar as a string.
func (f *filler) text(n *node) (string, error) {
	var all strings.Builder
	for _, p := range n.parts {
		if p.text != "" {
			all.WriteString(p.text)
			continue
		}
		text, err := f.textOf(p)
		if err != nil {
			return "", err
		}
		if len(n.parts) == 1 {
			return text, f.checkMade(text, p.number)
		}
		all.WriteString(text)
	}
	return all.String(), f.checkMade(all.String(), n.firstParameter())
}

// textOf returns a parameter in the middle of text. One that stood alone on its line has its lines indented alike.
func (f *filler) textOf(p part) (string, error) {
	of := &f.parameters[p.number]
	read, blanks := of.asText, ""
	if of.made != nil && p.alone {
		read = of.made.unmoved
		if strings.Trim(p.blanks, " \t") == "" {
			blanks = p.blanks
		}
	}
	text, err := read()
	if err != nil {
		return "", f.fail(p.number, err.Error())
	}
	if err := f.grow(p.number, len(text)+len(blanks)*strings.Count(text, "\n")); err != nil {
		return "", err
	}
	if blanks != "" {
		text = strings.ReplaceAll(text, "\n", "\n"+blanks)
	}
	return text, nil
}
