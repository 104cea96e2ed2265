package param

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/yaml"
)

// Schema says what the fields of a value are. A nil Schema is that of anything.
type Schema interface {
	// Field returns the schema of a field of an object, Element that of a list's elements; nil if it is not known.
	Field(name string) Schema
	Element() Schema
	// WantsString says that a scalar has to be a string.
	WantsString() bool
	// Check says whether a value, with all that is in it, is one of the schema. It is not changed.
	Check(value any) error
}

// maxNodes bounds a tree: aliases could make it grow without end.
const maxNodes = 100_000

// Tree is YAML that was parsed with its tokens. It is immutable and safe for concurrent use.
type Tree struct {
	root   *node
	packed map[string]string // text that is packed and constant → its JSON
}

// node is one node of a tree.
type node struct {
	kind nodeKind
	line int // of the template
	schema
	// isConstant says that no token is in it: value is its decoded value, which is shared and never changed.
	isConstant bool
	value      any
	// open says that only a filled value tells what is in it: a scalar that is one parameter, a mapping or list with
	// entries of a parameter, a list with an element that is open.
	open     bool
	parts    []part // of a scalar
	plain    bool   // the scalar stands without quotes
	keys     []*node
	children []*node
	tag      string // of an encodedNode
}

// schema is a Schema that may be nil.
type schema struct{ Schema }

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	mappingNode
	sequenceNode
	encodedNode // a text made of its child, by its tag
	entriesNode // in place of a key or an element: the entries of a parameter
)

// part is a piece of a scalar: text, or, where text is empty, a parameter.
type part struct {
	text   string
	number int
	// alone says that the parameter stood alone on its line, behind blanks.
	alone  bool
	blanks string
}

// builder makes a tree of YAML nodes.
type builder struct {
	output *Output
	source *source
	nodes  int
	open   map[*yaml.Node]bool // anchors that are being built
	packed map[string]string   // as in Tree
}

// Parse parses the output. Output with nothing in it gives an empty tree. The error is an *Error.
func (o *Output) Parse(of Schema) (*Tree, error) {
	s := o.source()
	b := &builder{output: o, source: s, open: map[*yaml.Node]bool{}, packed: map[string]string{}}
	var found *yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(s.text))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, b.syntax(err)
		}
		if isEmpty(&document) {
			continue
		}
		if found != nil {
			return nil, &Error{Line: b.line(document.Content[0]), Problem: "there is more than one document, want one"}
		}
		found = document.Content[0]
	}
	if found == nil {
		return &Tree{}, nil
	}
	root, err := b.build(found, of)
	return &Tree{root, b.packed}, err
}

// isEmpty says that a document has nothing in it.
func isEmpty(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].Tag == "!!null" && document.Content[0].Value == ""
}

var syntaxForm = regexp.MustCompile(`^(?:error converting YAML to JSON: )?yaml: (?:line (\d+): )?(?s:(.*))$`)

// syntax tells an error of the parser, as sigs.k8s.io/yaml has it, whose lines are nearer.
func (b *builder) syntax(failed error) *Error {
	if _, err := kyaml.YAMLToJSON([]byte(b.source.text)); err != nil {
		failed = err
	}
	parts := syntaxForm.FindStringSubmatch(failed.Error())
	if parts == nil {
		return &Error{Problem: "the output is not valid YAML: " + b.readable(failed.Error())}
	}
	line, err := strconv.Atoi(parts[1])
	if err != nil {
		line = 1 // the parser names no other
	}
	return &Error{Line: b.at(line), Problem: "the output is not valid YAML: " + b.readable(parts[2])}
}

// readable puts actions in place of tokens.
func (b *builder) readable(text string) string {
	var readable strings.Builder
	for _, piece := range partsOf(text) {
		if piece.text == "" {
			piece.text = b.output.program.actions[b.output.parameters[piece.number].action].text
		}
		readable.WriteString(piece.text)
	}
	return readable.String()
}

// at returns the line of the template for a line of the text, from 1; 0 if there is none.
func (b *builder) at(line int) int {
	if line < 1 || len(b.source.lines) == 0 {
		return 0
	}
	return b.source.lines[min(line, len(b.source.lines))-1]
}

func (b *builder) line(n *yaml.Node) int { return b.at(n.Line) }

func (b *builder) fail(n *yaml.Node, problem string) *Error {
	return &Error{Line: b.line(n), Problem: problem}
}

func (b *builder) build(n *yaml.Node, of Schema) (*node, error) {
	if b.nodes++; b.nodes > maxNodes {
		return nil, b.fail(n, fmt.Sprintf("the output has more than %d nodes", maxNodes))
	}
	if n.Tag == tagJSON || n.Tag == tagPacked {
		return b.encoded(n, of)
	}
	if err := b.checkTag(n); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.AliasNode:
		if b.open[n.Alias] {
			return nil, b.fail(n, "an anchor contains its own alias")
		}
		b.open[n.Alias] = true
		defer delete(b.open, n.Alias)
		return b.build(n.Alias, of)
	case yaml.MappingNode:
		return b.mapping(n, of)
	case yaml.SequenceNode:
		return b.sequence(n, of)
	}
	return b.scalar(n, of)
}

func (b *builder) sequence(n *yaml.Node, of Schema) (*node, error) {
	made := &node{kind: sequenceNode, line: b.line(n), schema: schema{of}, isConstant: true, children: make([]*node, 0, len(n.Content))}
	for _, element := range n.Content {
		if number, ok := entryAt(element, entryOfList); ok {
			made.isConstant, made.open = false, true
			made.children = append(made.children, &node{kind: entriesNode, line: b.line(element), parts: []part{{number: number}}})
			continue
		}
		child, err := b.build(element, elementOf(of))
		if err != nil {
			return nil, err
		}
		made.isConstant = made.isConstant && child.isConstant
		made.open = made.open || child.open
		made.children = append(made.children, child)
	}
	if made.isConstant {
		list := make([]any, len(made.children))
		for i, child := range made.children {
			list[i] = child.value
		}
		made.value = list
	}
	return made, nil
}

func fieldOf(of Schema, name string) Schema {
	if of == nil {
		return nil
	}
	return of.Field(name)
}

func elementOf(of Schema) Schema {
	if of == nil {
		return nil
	}
	return of.Element()
}

// entryAt returns the parameter whose entries stand at a node.
func entryAt(n *yaml.Node, form rune) (int, bool) {
	if n.Kind != yaml.ScalarNode || n.Style != 0 || !strings.HasPrefix(n.Value, string(form)) {
		return 0, false
	}
	digits, found := strings.CutSuffix(n.Value[len(string(form)):], string(end))
	number, err := strconv.Atoi(digits)
	return number, found && err == nil
}
