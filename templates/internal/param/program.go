package param

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	"k8s.io/utils/lru"
)

// The characters that marks are made of. Templates must not contain them, and no value is ever written among them.
//
//	textMark ID end                literal text number ID begins here
//	token KIND LAYOUT comma N end  the Nth parameter of the execution
const (
	textMark = '\uE000'
	token    = '\uE001'
	comma    = '\uE002'
	end      = '\uE003'

	reserved = string(textMark) + string(token) + string(comma) + string(end) + string(entryOfMap) + string(entryOfList)
)

// Program is a template, and those associated with it, whose actions print tokens. It is immutable and safe for
// concurrent use; create it with Compile.
type Program struct {
	name    string
	texts   []int // the line on which a literal text begins in its template, by ID
	actions []action
	bodies  []body
	runs    sync.Pool // of *run
	master  *template.Template
	// functions are those that have a budget.
	functions template.FuncMap
	packed    *lru.Cache // SHA-256 of a text → the text packed
}

// action is one that prints something.
type action struct {
	line int
	text string // as its author wrote it
}

// body is that of a range or of a template, which may be executed many times.
type body struct {
	action
	weight
}

// Compile makes a program of a template that was parsed with functions, which Functions returned, and takes both over: they
// must not be used otherwise afterwards. The error is an *Error.
func Compile(t *template.Template, functions template.FuncMap) (*Program, error) {
	p := &Program{name: t.Name(), master: t, packed: lru.New(packedCacheSize), functions: functions}
	for _, associated := range t.Templates() {
		if associated.Tree == nil || associated.Root == nil {
			continue
		}
		if err := p.rewrite(associated.Tree, associated.Root); err != nil {
			return nil, err
		}
		p.countTemplate(associated)
	}
	t.Funcs(template.FuncMap{
		printFunction: func(int, any) string { return "" }, stepFunction: func(int) string { return "" },
		enterFunction: func(int) string { return "" }, leaveFunction: func(int) string { return "" },
	})
	return p, nil
}

// Template returns the template as it is executed, for who wants to look at its trees. It must not be changed.
func (p *Program) Template() *template.Template { return p.master }

// printFunction is what each action that prints ends in, with the action's number.
const printFunction = "_parameter"

// rewrite gives each literal text below a node its mark, and each action that prints its end.
func (p *Program) rewrite(tree *parse.Tree, node parse.Node) error {
	switch node := node.(type) {
	case *parse.ListNode:
		if node == nil {
			return nil
		}
		for _, child := range node.Nodes {
			if err := p.rewrite(tree, child); err != nil {
				return err
			}
		}
	case *parse.TextNode:
		return p.markText(tree, node)
	case *parse.ActionNode:
		p.endAction(tree, node)
	case *parse.IfNode:
		return p.rewriteBranch(tree, &node.BranchNode)
	case *parse.RangeNode:
		if err := p.rewriteBranch(tree, &node.BranchNode); err != nil {
			return err
		}
		p.countRange(node)
	case *parse.WithNode:
		return p.rewriteBranch(tree, &node.BranchNode)
	}
	return nil
}

func (p *Program) rewriteBranch(tree *parse.Tree, branch *parse.BranchNode) error {
	if err := p.rewrite(tree, branch.List); err != nil {
		return err
	}
	return p.rewrite(tree, branch.ElseList)
}

func (p *Program) markText(tree *parse.Tree, node *parse.TextNode) error {
	line := lineOf(tree, node)
	if i := bytes.IndexAny(node.Text, reserved); i >= 0 {
		line += bytes.Count(node.Text[:i], []byte("\n"))
		r := []rune(string(node.Text[i:]))[0]
		return &Error{Line: line, Problem: fmt.Sprintf("the character %U is reserved, and must not stand in a template", r)}
	}
	if len(node.Text) > 0 {
		node.Text = append([]byte(string(textMark)+strconv.Itoa(len(p.texts))+string(end)), node.Text...)
		p.texts = append(p.texts, line)
	}
	return nil
}

// endAction makes an action print the token of its value. One that only sets a variable prints nothing, and one that is a
// constant text is as much the template's own as the text around it.
func (p *Program) endAction(tree *parse.Tree, node *parse.ActionNode) {
	if len(node.Pipe.Decl) > 0 || isLiteral(node.Pipe) {
		return
	}
	p.actions = append(p.actions, action{node.Line, node.String()})
	number := strconv.Itoa(len(p.actions) - 1)
	node.Pipe.Cmds = append(node.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: node.Pos, Args: []parse.Node{
		parse.NewIdentifier(printFunction).SetTree(tree).SetPos(node.Pos),
		&parse.NumberNode{NodeType: parse.NodeNumber, Pos: node.Pos, IsInt: true, Int64: int64(len(p.actions) - 1), Text: number},
	}})
}

func isLiteral(pipe *parse.PipeNode) bool {
	if len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return false
	}
	text, ok := pipe.Cmds[0].Args[0].(*parse.StringNode)
	return ok && !strings.ContainsAny(text.Text, reserved)
}

// lineOf returns the line on which a node begins.
func lineOf(tree *parse.Tree, node parse.Node) int {
	location, _ := tree.ErrorContext(node) // name:line:column
	parts := strings.Split(location, ":")
	line, _ := strconv.Atoi(parts[len(parts)-2])
	return line
}
