package templates

import (
	"bytes"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unsafe"

	"go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/yamlescape"
)

// This file finds the place in a template that an error in its output comes from. It runs only once an error is
// known, and renders the template again.

// traced is a rendering that remembers which part of the output is which literal text of the template.
type traced struct {
	bytes.Buffer
	texts map[*byte]*parse.TextNode
	lines map[*parse.TextNode]int // the line on which the text begins in its template
	// actions are the actions that stand on a line.
	actions map[int][]string
	spans   []span
}

// span is a run of output: literal text of a template, or, where text is nil, what an action wrote.
type span struct {
	start, end int
	text       *parse.TextNode
}

// trace renders the template again. An execution that fails is traced as far as it came.
func trace(t *template.Template, data any) *traced {
	r := &traced{texts: map[*byte]*parse.TextNode{}, lines: map[*parse.TextNode]int{}, actions: map[int][]string{}}
	for _, associated := range t.Templates() {
		if associated.Tree != nil && associated.Root != nil {
			r.collect(associated.Tree, associated.Root)
		}
	}
	_ = t.Execute(r, data)
	return r
}

func (r *traced) collect(tree *parse.Tree, node parse.Node) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node != nil {
			for _, child := range node.Nodes {
				r.collect(tree, child)
			}
		}
	case *parse.TextNode:
		if len(node.Text) > 0 {
			r.lines[node] = lineOf(tree, node)
			r.texts[unsafe.SliceData(node.Text)] = node
		}
	case *parse.ActionNode:
		r.actions[node.Line] = append(r.actions[node.Line], yamlescape.ActionText(node))
	case *parse.IfNode:
		r.collectBranch(tree, &node.BranchNode)
	case *parse.RangeNode:
		r.collectBranch(tree, &node.BranchNode)
	case *parse.WithNode:
		r.collectBranch(tree, &node.BranchNode)
	}
}

// lineOf returns the line on which a node begins.
func lineOf(tree *parse.Tree, node parse.Node) int {
	location, _ := tree.ErrorContext(node) // name:line:column
	parts := strings.Split(location, ":")
	line, _ := strconv.Atoi(parts[len(parts)-2])
	return line
}

// action returns the only action that stands on a line of the template; empty if there is none, or more than one.
func (r *traced) action(line int) string {
	if actions := r.actions[line]; len(actions) == 1 {
		return actions[0]
	}
	return ""
}

func (r *traced) collectBranch(tree *parse.Tree, branch *parse.BranchNode) {
	r.collect(tree, branch.List)
	r.collect(tree, branch.ElseList)
}

// Write implements io.Writer. text/template hands over the text of a text node as it stands in the parsed tree, so
// the address tells which node it is; what an action writes has an address of its own.
func (r *traced) Write(p []byte) (int, error) {
	start := r.Len()
	n, err := r.Buffer.Write(p)
	r.spans = append(r.spans, span{start, start + n, r.texts[unsafe.SliceData(p)]})
	return n, err
}

// line returns the line of the template from which the line of the output comes (both from 1; 0 if there is none):
// exactly for literal text, and for what an action wrote the line on which the literal text before it ends.
func (r *traced) line(outputLine int) int {
	output := r.Bytes()
	offset := 0
	for range outputLine - 1 {
		next := bytes.IndexByte(output[offset:], '\n')
		if next < 0 {
			return 0
		}
		offset += next + 1
	}
	offset += len(output[offset:]) - len(bytes.TrimLeft(output[offset:], " -"))
	last := 0
	for _, s := range r.spans {
		if s.start > offset {
			break
		}
		if s.text != nil {
			end := min(offset, s.end) - s.start
			last = r.lines[s.text] + bytes.Count(s.text.Text[:end], []byte("\n"))
		}
	}
	return last
}

// literal counts how often the text stands in the literal parts of the output.
func (r *traced) literal(text string) int {
	count := 0
	for _, s := range r.spans {
		if s.text != nil {
			count += bytes.Count(s.text.Text, []byte(text))
		}
	}
	return count
}

// fieldLine returns the line (from 1) on which a field stands in a YAML document, 0 if it cannot be told.
func fieldLine(document []byte, path fieldPath) int {
	var root yaml.Node
	if yaml.Unmarshal(document, &root) != nil || len(root.Content) == 0 {
		return 0
	}
	node, line := root.Content[0], 0
	for _, step := range path {
		key, value := childOf(node, step)
		if value == nil {
			break
		}
		node, line = value, key.Line
	}
	return line
}

// childOf returns the node that names a child, and the child; nil if there is none.
func childOf(node *yaml.Node, step any) (key, value *yaml.Node) {
	switch step := step.(type) {
	case int:
		if node.Kind == yaml.SequenceNode && step < len(node.Content) {
			return node.Content[step], node.Content[step]
		}
	case string:
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], node.Content[i+1]
			}
		}
	}
	return nil, nil
}
