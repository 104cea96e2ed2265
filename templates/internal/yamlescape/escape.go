package yamlescape

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// escaperName begins the names of the functions that Escape adds, one for each action.
const escaperName = "_yaml"

// Escape rewrites a template, and all templates associated with it, so that whatever an action prints is escaped for
// the place where it stands; see the package's documentation. The template must have been parsed, with Functions as
// its functions, and must not have been escaped before; templates that are added later are not escaped.
//
// t may then be executed, and any associated template that none of them calls; a template that is called is escaped
// for the places where it is called. Escape must not run at the same time as anything else that uses the template;
// the result is as safe for concurrent use as any template. Clones made before are not changed.
//
// It fails with an *Error, and leaves the template as it was, if an action stands in places that need different
// escapes, or where no value can stand.
func Escape(t *template.Template) error {
	w := &walker{
		lexer: lexer{uses: map[actionID]use{}},
		trees: map[string]*parse.Tree{},
		ids:   map[*parse.ActionNode]actionID{},
	}
	for _, associated := range t.Templates() {
		if associated.Tree != nil {
			w.trees[associated.Name()] = associated.Copy()
		}
	}
	called := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.trees)) {
		if err := w.collect(w.trees[name], w.trees[name].Root, called); err != nil {
			return err
		}
	}
	delete(called, t.Name())
	var entries []string
	for name := range w.trees {
		if !called[name] {
			entries = append(entries, name)
		}
	}
	slices.Sort(entries)
	w.walk(entries)
	return w.rewrite(t)
}

// collect numbers the actions that print something, and notes which templates are called by others.
func (w *walker) collect(tree *parse.Tree, node parse.Node, called map[string]bool) error {
	switch node := node.(type) {
	case *parse.ListNode:
		if node == nil {
			return nil
		}
		for _, child := range node.Nodes {
			if err := w.collect(tree, child, called); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return w.collectBranch(tree, &node.BranchNode, called)
	case *parse.WithNode:
		return w.collectBranch(tree, &node.BranchNode, called)
	case *parse.RangeNode:
		return w.collectBranch(tree, &node.BranchNode, called)
	case *parse.TemplateNode:
		if node.Name != tree.Name {
			called[node.Name] = true
		}
	case *parse.ActionNode:
		if _, isConstant := constant(node.Pipe); len(node.Pipe.Decl) > 0 || isConstant {
			return nil
		}
		a := &action{node: node, tree: tree, yields: yieldOf(node.Pipe)}
		if isEscaped(node.Pipe) {
			return a.fail("is escaped already")
		}
		w.actions = append(w.actions, a)
		w.ids[node] = actionID(len(w.actions))
	}
	return nil
}

func (w *walker) collectBranch(tree *parse.Tree, branch *parse.BranchNode, called map[string]bool) error {
	if err := w.collect(tree, branch.List, called); err != nil {
		return err
	}
	return w.collect(tree, branch.ElseList, called)
}

func isEscaped(pipe *parse.PipeNode) bool {
	last, ok := pipe.Cmds[len(pipe.Cmds)-1].Args[0].(*parse.IdentifierNode)
	return ok && strings.HasPrefix(last.Ident, escaperName)
}

// ActionText returns an action of an escaped template as its author wrote it, with its braces. The node is not changed.
func ActionText(node *parse.ActionNode) string {
	if !isEscaped(node.Pipe) {
		return node.String()
	}
	written, ok := node.Copy().(*parse.ActionNode)
	if !ok { // a copy is of the same type
		return node.String()
	}
	written.Pipe.Cmds = written.Pipe.Cmds[:len(written.Pipe.Cmds)-1]
	return written.String()
}

// rewrite adds an escaper to each action's pipeline and gives the trees to the templates.
func (w *walker) rewrite(t *template.Template) error {
	for _, a := range w.actions {
		if a.err != nil {
			return a.fail(a.err.Error())
		}
	}
	w.requote()
	escapers := template.FuncMap{}
	for i, a := range w.actions {
		name := fmt.Sprintf("%s%d", escaperName, i+1)
		escapers[name] = a.escaper().escape
		identifier := parse.NewIdentifier(name).SetTree(a.tree).SetPos(a.node.Pos)
		a.node.Pipe.Cmds = append(a.node.Pipe.Cmds, &parse.CommandNode{
			NodeType: parse.NodeCommand, Pos: a.node.Pos, Args: []parse.Node{identifier},
		})
	}
	t.Funcs(escapers)
	for _, associated := range t.Templates() {
		if tree := w.trees[associated.Name()]; tree != nil {
			associated.Tree = tree
		}
	}
	return nil
}

func (a *action) fail(reason string) *Error {
	return &Error{Template: a.tree.ParseName, Line: a.node.Line, Action: a.node.String(), Reason: reason}
}

// escaper returns the escaper of the action, which is not rewritten yet.
func (a *action) escaper() *escaper {
	return &escaper{context: a.context, template: a.tree.ParseName, line: a.node.Line, action: a.node.String()}
}
