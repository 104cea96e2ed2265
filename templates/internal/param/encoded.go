package param

import (
	"crypto/sha256"

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

// packedCacheSize bounds the packed texts that a program remembers: packing costs more than all else of a rendering, and most
// pods have the same text.
const packedCacheSize = 64

// encoded builds a node that has one of these tags.
func (b *builder) encoded(n *yaml.Node, of Schema) (*node, error) {
	plain := *n
	plain.Tag, plain.Style = "", n.Style&^yaml.TaggedStyle
	if n.Kind == yaml.ScalarNode && plain.Style == 0 {
		plain.Tag = "!!str"
	}
	inner, err := b.build(&plain, nil)
	if err != nil {
		return nil, err
	}
	made := &node{kind: encodedNode, line: inner.line, schema: schema{of}, tag: n.Tag, children: []*node{inner}}
	if inner.isConstant {
		made.isConstant, made.value = true, b.output.program.encode(n.Tag, inner.value)
	}
	return made, nil
}

func (f *filler) encoded(n *node) (any, error) {
	value, err := f.fill(n.children[0])
	if err != nil {
		return nil, err
	}
	text := f.program.encode(n.tag, value)
	return text, f.check(n, text)
}

// encode returns the text of a value by a tag.
func (p *Program) encode(tag string, value any) string {
	text := listmap.AppendJSON(nil, value)
	if tag == tagJSON {
		return string(text)
	}
	key := sha256.Sum256(text)
	if known, ok := p.packed.Get(key); ok {
		return known.(string)
	}
	short := packed.Pack(text)
	p.packed.Add(key, short)
	return short
}
