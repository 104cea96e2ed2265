package param

import (
	"crypto/sha256"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

// The tags of a node that becomes text: the JSON of what stands there, as it is or packed (package packed). Parameters in
// it are parameters as anywhere else, so that no value can change more of the JSON than one scalar.
const (
	tagJSON   = "!json"
	tagPacked = "!packed"
)

// packedCacheSize bounds the packed texts that a program remembers: packing takes longer than the rest of a rendering, and
// most pods have the same text.
const packedCacheSize = 64

// encoded builds a node that has one of these tags.
func (b *builder) encoded(n *yaml.Node, of Schema) (*node, error) {
	plain := *n
	plain.Tag, plain.Style = "", n.Style&^yaml.TaggedStyle
	inner, err := b.build(&plain, nil)
	if err != nil {
		return nil, err
	}
	made := &node{kind: encodedNode, line: inner.line, schema: schema{of}, tag: n.Tag, children: []*node{inner}}
	if inner.isConstant {
		text, raw, err := b.output.program.encode(n.Tag, inner.value)
		if err != nil {
			return nil, b.fail(n, err.Error())
		}
		made.isConstant, made.value = true, text
		if raw != text {
			b.packed[text] = raw
		}
	}
	return made, nil
}

func (f *filler) encoded(n *node) (any, error) {
	value, err := f.fill(n.children[0])
	if err != nil {
		return nil, err
	}
	text, raw, err := f.program.encode(n.tag, value)
	if err != nil {
		return nil, &Error{Line: n.line, Problem: err.Error()}
	}
	if raw != text {
		if f.packed == nil {
			f.packed = map[string]string{}
		}
		f.packed[text] = raw
	}
	return text, f.check(n, text)
}

// encode returns the text of a value by a tag, and its JSON. The error says that the JSON is longer than packed.Unpack takes.
func (p *Program) encode(tag string, value any) (text, raw string, err error) {
	all := listmap.AppendJSON(nil, value)
	if len(all) > packed.MaxSize {
		return "", "", fmt.Errorf("what is tagged %s has more than %d bytes", tag, packed.MaxSize)
	}
	if tag == tagJSON {
		return string(all), string(all), nil
	}
	key := sha256.Sum256(all)
	if known, ok := p.packed.Get(key); ok {
		return known.(string), string(all), nil
	}
	short := packed.Pack(all)
	p.packed.Add(key, short)
	return short, string(all), nil
}

// Unpacked returns a value of the tree, filled with this output, in which what was packed for it stands as JSON, so that
// its hash does not depend on how a version of Go packs. Whatever else the value holds stays as it is, even if it looks
// packed. The value is not changed; the result shares with it.
func (o *Output) Unpacked(t *Tree, value any) any {
	if len(o.packed)+len(t.packed) == 0 {
		return value
	}
	switch value := value.(type) {
	case string:
		if raw, ok := o.packed[value]; ok {
			return raw
		}
		if raw, ok := t.packed[value]; ok {
			return raw
		}
	case []any:
		all := make([]any, len(value))
		for i, inner := range value {
			all[i] = o.Unpacked(t, inner)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(value))
		for key, inner := range value {
			all[key] = o.Unpacked(t, inner)
		}
		return all
	}
	return value
}
