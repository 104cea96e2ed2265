package param

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/packed"
	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
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
		text, raw, err := b.output.program.encode(n.Tag, inner.value, b.packed)
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

// checkTag refuses a tag that would be ignored: one of ours that is misspelt, or any other. YAML's own say the type of a
// scalar.
func (b *builder) checkTag(n *yaml.Node) error {
	if n.Style&yaml.TaggedStyle == 0 || strings.HasPrefix(n.Tag, "!!") {
		return nil
	}
	ours := []string{tagJSON, tagPacked}
	return b.fail(n, fmt.Sprintf("unknown tag %s%s, want %s", n.Tag, suggest.Question(suggest.Name(n.Tag, ours)), strings.Join(ours, " or ")))
}

// checkKeyTag refuses a tag of a key, which has no effect there, but for YAML's own that says it is a string.
func (b *builder) checkKeyTag(n *yaml.Node) error {
	if n.Style&yaml.TaggedStyle == 0 || n.Tag == "!!str" {
		return nil
	}
	return b.fail(n, fmt.Sprintf("the key %q has the tag %s: tags are for values, behind the colon", b.readable(n.Value), n.Tag))
}

func (f *filler) encoded(n *node) (any, error) {
	value, err := f.fill(n.children[0])
	if err != nil {
		return nil, err
	}
	text, raw, err := f.program.encode(n.tag, value, f.tree.packed, f.packed)
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

// encode returns the text of a value by a tag, and its JSON in which what packed holds for texts in the value stands. The
// error says that there is no value, or that the JSON is longer than packed.Unpack takes.
func (p *Program) encode(tag string, value any, known ...map[string]string) (text, raw string, err error) {
	if value == nil {
		return "", "", fmt.Errorf("there is nothing behind the tag %s, want YAML", tag)
	}
	all := listmap.AppendJSON(nil, value)
	if len(all) > packed.MaxSize {
		return "", "", fmt.Errorf("what is tagged %s has more than %d bytes", tag, packed.MaxSize)
	}
	raw = string(listmap.AppendJSON(nil, unpacked(value, known...)))
	if tag == tagJSON {
		return string(all), raw, nil
	}
	key := sha256.Sum256(all)
	if short, ok := p.packed.Get(key); ok {
		return short.(string), raw, nil
	}
	short := packed.Pack(all)
	p.packed.Add(key, short)
	return short, raw, nil
}

// Unpacked returns a value of the tree, filled with this output, in which what was packed for it stands as JSON, so that
// its hash does not depend on how a version of Go packs. Whatever else the value holds stays as it is, even if it looks
// packed. The value is not changed; the result shares with it.
func (o *Output) Unpacked(t *Tree, value any) any { return unpacked(value, o.packed, t.packed) }

// unpacked returns a value in which, in place of texts that one of these maps has, what it holds for them stands.
func unpacked(value any, known ...map[string]string) any {
	if !slices.ContainsFunc(known, func(texts map[string]string) bool { return len(texts) > 0 }) {
		return value
	}
	switch value := value.(type) {
	case string:
		for _, texts := range known {
			if raw, ok := texts[value]; ok {
				return raw
			}
		}
	case []any:
		all := make([]any, len(value))
		for i, inner := range value {
			all[i] = unpacked(inner, known...)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(value))
		for key, inner := range value {
			all[key] = unpacked(inner, known...)
		}
		return all
	}
	return value
}
