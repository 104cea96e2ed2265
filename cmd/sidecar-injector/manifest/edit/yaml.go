package edit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// builder makes nodes of what the YAML parser says, which knows where a node begins but not where it ends.
type builder struct {
	text
	lines []int
	nodes map[*yaml.Node]*node
}

// parseYAML returns the tree of a document.
func parseYAML(raw []byte) (*node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return nil, errCannotEdit
	}
	lines, err := lineStarts(raw)
	if err != nil {
		return nil, err
	}
	b := &builder{text: text{raw: raw}, lines: lines, nodes: map[*yaml.Node]*node{}}
	return b.node(document.Content[0], -1, false)
}

// lineStarts returns where lines begin. The YAML parser knows more line breaks than the usual two: a text with one of
// those is not edited.
func lineStarts(raw []byte) ([]int, error) {
	starts := []int{0}
	for i, r := range string(raw) {
		switch r {
		case '\n':
			starts = append(starts, i+1)
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				return nil, errCannotEdit
			}
		case '\u0085', '\u2028', '\u2029':
			return nil, errCannotEdit
		}
	}
	return starts, nil
}

// offset turns a line and a column, which count from 1 and in characters, into a position.
func (b *builder) offset(line, column int) (int, error) {
	if line < 1 || line > len(b.lines) {
		return 0, errCannotEdit
	}
	at := b.lines[line-1]
	for range column - 1 {
		if at >= len(b.raw) {
			return 0, errCannotEdit
		}
		_, size := utf8.DecodeRune(b.raw[at:])
		at += size
	}
	return at, nil
}

// node returns the tree of a YAML node. parentIndent is the column of the block collection that it stands in, -1 for
// the document's own.
func (b *builder) node(from *yaml.Node, parentIndent int, inFlow bool) (*node, error) {
	start, err := b.offset(from.Line, from.Column)
	if err != nil {
		return nil, err
	}
	n := &node{start: start, body: start, end: start, anchored: from.Anchor != "", hasAnchor: from.Anchor != ""}
	b.nodes[from] = n
	switch from.Kind {
	case yaml.AliasNode:
		n.kind, n.hasAlias, n.target = aliasNode, true, b.nodes[from.Alias]
		n.end = b.wordEnd(start)
	case yaml.MappingNode, yaml.SequenceNode:
		n.kind = mappingNode
		if from.Kind == yaml.SequenceNode {
			n.kind = sequenceNode
		}
		n.flow = inFlow || from.Style&yaml.FlowStyle != 0
		if n.flow {
			err = b.flowCollection(n, from, parentIndent)
		} else {
			err = b.blockCollection(n, from)
		}
	default:
		err = b.scalar(n, from, parentIndent, inFlow)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range n.entries {
		n.hasAlias = n.hasAlias || e.value.hasAlias || e.key != nil && e.key.hasAlias
		n.hasAnchor = n.hasAnchor || e.value.hasAnchor || e.key != nil && e.key.hasAnchor
	}
	return n, nil
}

func (b *builder) scalar(n *node, from *yaml.Node, parentIndent int, inFlow bool) error {
	n.value = from.Value
	quoted := from.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if from.Value == "" && !quoted {
		n.body = b.propertiesEnd(n.start)
		n.end = n.body
		return nil
	}
	n.body = b.skipProperties(n.start)
	switch {
	case n.body >= len(b.raw):
		return errCannotEdit
	case from.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		n.end = b.quotedEnd(n.body)
	case from.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		n.end = b.blockScalarEnd(n.body, parentIndent)
		n.open = n.end == len(b.raw) && !strings.Contains(b.header(n.body), "-")
	default:
		n.end = b.plainEnd(n.body, parentIndent, inFlow)
	}
	return nil
}

// blockCollection finds the entries of a block mapping or sequence.
func (b *builder) blockCollection(n *node, from *yaml.Node) error {
	n.body = b.skipProperties(n.start)
	n.indent = b.column(n.body)
	at := n.body
	for i := 0; i < len(from.Content); i++ {
		var e entry
		var err error
		if n.kind == mappingNode {
			e, err = b.blockKey(n, from.Content[i], at)
			i++
		} else {
			e, err = b.dash(n, at)
		}
		if err != nil {
			return err
		}
		if e.value, err = b.node(from.Content[i], n.indent, false); err != nil {
			return err
		}
		// What is left out begins where it would stand.
		if e.value.start == e.value.end {
			e.value.start, e.value.body, e.value.end = e.after, e.after, e.after
		}
		n.entries = append(n.entries, e)
		at = e.value.end
	}
	if len(n.entries) == 0 {
		return errCannotEdit
	}
	n.end = at
	return nil
}

// blockKey finds a key of a block mapping, which stands behind what ends at this position.
func (b *builder) blockKey(n *node, key *yaml.Node, at int) (entry, error) {
	k, err := b.node(key, n.indent, false)
	if err != nil {
		return entry{}, err
	}
	e := entry{start: k.start, after: k.end, key: k, name: key.Value, merge: key.Tag == "!!merge"}
	if at = b.nextContent(at); at < k.start && b.raw[at] == '?' { // ? key
		e.start, e.after = at, b.nextContent(k.end)
	}
	for e.after < len(b.raw) && (b.raw[e.after] == ' ' || b.raw[e.after] == '\t') {
		e.after++
	}
	if e.after >= len(b.raw) || b.raw[e.after] != ':' || k.kind != scalarNode || b.column(e.start) != n.indent ||
		e.start != k.start && b.column(e.after) != n.indent {
		n.odd = true
		return e, nil
	}
	e.after++
	return e, nil
}

// dash finds the next dash of a block sequence.
func (b *builder) dash(n *node, at int) (entry, error) {
	if at != n.body {
		at = b.nextContent(b.lineEnd(at))
	}
	if at >= len(b.raw) || b.raw[at] != '-' || b.column(at) != n.indent {
		return entry{}, errCannotEdit
	}
	return entry{start: at, after: at + 1}, nil
}

// flowCollection finds the entries of a collection in brackets.
func (b *builder) flowCollection(n *node, from *yaml.Node, parentIndent int) error {
	n.body = b.skipProperties(n.start)
	bare := n.body >= len(b.raw) || b.raw[n.body] != '{' && b.raw[n.body] != '['
	at := n.body + 1
	for i := 0; i < len(from.Content); i++ {
		var e entry
		if n.kind == mappingNode {
			k, err := b.node(from.Content[i], parentIndent, true)
			if err != nil {
				return err
			}
			e = entry{start: k.start, after: k.end, key: k, name: from.Content[i].Value, merge: from.Content[i].Tag == "!!merge"}
			n.odd = n.odd || k.kind != scalarNode || e.merge
			if colon := b.nextContent(k.end); colon < len(b.raw) && b.raw[colon] == ':' {
				e.after = colon + 1
			}
			i++
		}
		value, err := b.node(from.Content[i], parentIndent, true)
		if err != nil {
			return err
		}
		if n.kind == sequenceNode {
			e.start, e.after = value.start, value.start
		}
		if value.start == value.end {
			value.start, value.body, value.end = e.after, e.after, e.after
		}
		e.value = value
		n.entries = append(n.entries, e)
		at = value.end
	}
	n.end = at
	if bare { // A mapping of one pair in a list: [a: b].
		n.odd = true
		return nil
	}
	for at = b.nextContent(at); at < len(b.raw) && b.raw[at] == ','; at = b.nextContent(at + 1) {
	}
	if at >= len(b.raw) || b.raw[at] != ']' && b.raw[at] != '}' {
		return errCannotEdit
	}
	n.end = at + 1
	return nil
}
