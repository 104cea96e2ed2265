package lint

import (
	"fmt"
	"maps"
	"slices"
	"text/template/parse"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// unused are the findings of values in the file of values that no template looks at. Whatever might be looked at is taken
// to be: a key that some template mentions anywhere, and what stands below a key that a template takes as a whole. Istio's
// values are those of its whole chart, and are not looked at.
func (l *loader) unused(config *webhook.Config) []Finding {
	if l.origins.values == nil || config.Engine().Profile().Name == istio.ProfileName {
		return nil
	}
	values, err := strictyaml.Object([]byte(l.origins.values.text))
	if err != nil {
		return nil
	}
	m := mentions{seen: map[string]bool{"nativeSidecars": true}, whole: map[string]bool{}} // which the engine reads
	for name, text := range config.Engine().Texts() {
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		trees := map[string]*parse.Tree{}
		if _, err := tree.Parse(text, "", "", trees); err != nil {
			continue // told of as a template that does not load
		}
		for _, part := range trees {
			m.note(part.Root)
		}
	}
	var findings []Finding
	for _, path := range m.unusedBelow("", values) {
		finding := Finding{Rule: "unused-value", Severity: Warning, File: l.origins.values.file, Message: fmt.Sprintf("no template looks at the value %q", path), Remedy: "take it out, or use it in a template as {{ .Values." + path + " }}"}
		finding.Line, finding.Column = l.origins.values.find(path)
		findings = append(findings, finding)
	}
	return findings
}

// mentions are the names that templates mention as fields or in strings.
type mentions struct {
	seen map[string]bool
	// whole are those that are not only steps on the way to a field.
	whole map[string]bool
}

// unusedBelow returns the paths of the values that are not looked at.
func (m *mentions) unusedBelow(prefix string, values map[string]any) []string {
	if m.whole["Values"] {
		return nil
	}
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		inner, deep := values[key].(map[string]any)
		switch {
		case !m.seen[key]:
			paths = append(paths, prefix+key)
		case deep && !m.whole[key]:
			paths = append(paths, m.unusedBelow(prefix+key+".", inner)...)
		}
	}
	return paths
}

func (m *mentions) chain(names []string) {
	for _, name := range names {
		m.seen[name] = true
	}
	if len(names) > 0 {
		m.whole[names[len(names)-1]] = true
	}
}

// note notes what a part of a template mentions.
func (m *mentions) note(node parse.Node) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node != nil {
			for _, inner := range node.Nodes {
				m.note(inner)
			}
		}
	case *parse.ActionNode:
		m.note(node.Pipe)
	case *parse.TemplateNode:
		m.note(node.Pipe)
	case *parse.IfNode:
		m.branch(&node.BranchNode)
	case *parse.RangeNode:
		m.branch(&node.BranchNode)
	case *parse.WithNode:
		m.branch(&node.BranchNode)
	case *parse.PipeNode:
		if node != nil {
			for _, command := range node.Cmds {
				for _, argument := range command.Args {
					m.note(argument)
				}
			}
		}
	case *parse.ChainNode:
		m.note(node.Node)
		m.chain(node.Field)
	case *parse.FieldNode:
		m.chain(node.Ident)
	case *parse.VariableNode:
		m.chain(node.Ident[1:])
	case *parse.StringNode:
		m.chain([]string{node.Text})
	}
}

func (m *mentions) branch(node *parse.BranchNode) {
	m.note(node.Pipe)
	m.note(node.List)
	m.note(node.ElseList)
}
