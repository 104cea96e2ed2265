package param

import "text/template/parse"

// weight is what one pass through a body costs, however its branches are taken. The bodies of ranges in it count for
// themselves.
type weight struct {
	nodes    int // actions, branches and texts
	operands int // names, fields and constants in them
	compared int // operands of comparisons, which may be long texts
	levels   int // how deep nodes are in each other, those in ranges included
}

// operandsPerStep are the operands that cost as much as a node.
const operandsPerStep = 4

// comparisons are text/template's own functions whose time depends on the length of what they are given.
var comparisons = map[string]bool{"eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true}

func weightOf(list *parse.ListNode) (w weight) {
	w.list(list, 0, true)
	return w
}

func (w *weight) steps() int { return w.nodes + w.operands/operandsPerStep }

// list adds the nodes of a list. Those that are not counted are only deep.
func (w *weight) list(list *parse.ListNode, level int, counted bool) {
	if list == nil {
		return
	}
	w.levels = max(w.levels, level+1)
	if counted {
		w.nodes += 1 + len(list.Nodes)
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.ActionNode:
			w.pipe(node.Pipe, level+1, counted)
		case *parse.TemplateNode:
			w.pipe(node.Pipe, level+1, counted)
		case *parse.IfNode:
			w.branch(&node.BranchNode, level+1, counted, counted)
		case *parse.WithNode:
			w.branch(&node.BranchNode, level+1, counted, counted)
		case *parse.RangeNode:
			w.branch(&node.BranchNode, level+1, false, counted)
		}
	}
}

// branch adds a node with two lists, of which the first may count for itself.
func (w *weight) branch(node *parse.BranchNode, level int, first, counted bool) {
	w.pipe(node.Pipe, level, counted)
	w.list(node.List, level, first)
	w.list(node.ElseList, level, counted)
}

func (w *weight) pipe(pipe *parse.PipeNode, level int, counted bool) {
	if pipe == nil {
		return
	}
	w.levels = max(w.levels, level+1)
	for _, command := range pipe.Cmds {
		name, _ := command.Args[0].(*parse.IdentifierNode)
		if counted && name != nil && comparisons[name.Ident] {
			w.compared += len(command.Args)
		}
		for _, operand := range command.Args {
			w.operand(operand, level+1, counted)
		}
	}
}

func (w *weight) operand(node parse.Node, level int, counted bool) {
	names := 1
	switch node := node.(type) {
	case *parse.PipeNode:
		w.pipe(node, level, counted)
	case *parse.ChainNode:
		names = len(node.Field)
		w.operand(node.Node, level, counted)
	case *parse.FieldNode:
		names = len(node.Ident)
	case *parse.VariableNode:
		names = len(node.Ident)
	}
	if counted {
		w.operands += names
	}
}
