// Package reads tells what of its data a text template can read, whatever branches it takes, without running it.
//
//	read := reads.Of(parsed, reflect.TypeFor[*Data](), functions)
//	read.Touches("Spec/Volumes/*/Name")
//
// It follows values from the data through variables, loops and calls of templates. A path is a step for each field or key,
// "*" for every element of a list or map. A function reads all of its arguments, unless it is declared otherwise; what it
// returns holds nothing of the data any more but as it is declared. What cannot be followed counts as read.
package reads

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// Paths are what a template reads. It does not change.
type Paths struct {
	whole map[string]bool // with everything below
}

// Touches says whether something at the path, above it as a whole, or below it is read.
func (p *Paths) Touches(path string) bool {
	for read := range p.whole {
		if within(path, read) || within(read, path) {
			return true
		}
	}
	return false
}

// within says whether a path is another one or leads on from it.
func within(path, from string) bool {
	if from == "" {
		return true
	}
	steps, begin := strings.Split(path, "/"), strings.Split(from, "/")
	if len(steps) < len(begin) {
		return false
	}
	for i, step := range begin {
		if step != steps[i] && step != "*" && steps[i] != "*" {
			return false
		}
	}
	return true
}

// List returns the paths that are read as a whole, sorted, for people.
func (p *Paths) List() []string { return slices.Sorted(maps.Keys(p.whole)) }

// Function says what a function reads of its arguments, and what of them its result holds.
type Function struct {
	// Reads are paths below each argument, by the argument's index from 0; the last stands for all that follow. Nil: each
	// argument as a whole.
	Reads [][]string
	// Returns says that the result is one of the arguments, or a list of the same elements (concat). What is returned is
	// not read by that.
	Returns bool
	// Boxes says that the arguments are elements of the result (list).
	Boxes bool
	// Element says that the result is an element of an argument (first).
	Element bool
}

// value is something that an expression may yield: a part of the data.
type value struct {
	path  string
	typ   reflect.Type
	boxed int // in so many lists or maps that a function made
}

type values map[value]bool

func (v values) add(more values) (grown bool) {
	for one := range more {
		if !v[one] {
			v[one], grown = true, true
		}
	}
	return grown
}

// analysis is one run over a template and all that it calls.
type analysis struct {
	template  *template.Template
	functions map[string]Function
	read      *Paths
	called    map[string]values            // the data that each template is called with
	variables map[string]map[string]values // by template and name: all that they may hold
	current   string
	grown     bool
}

// Of returns what a template, and those that it calls, read of data of the given type. Functions are declared by name;
// the builtin ones are known.
func Of(t *template.Template, data reflect.Type, functions map[string]Function) *Paths {
	a := &analysis{
		template: t, functions: functions, read: &Paths{whole: map[string]bool{}},
		called: map[string]values{t.Name(): {value{typ: data}: true}}, variables: map[string]map[string]values{},
	}
	for a.grown = true; a.grown; { // until nothing flows any further
		a.grown = false
		for _, name := range slices.Sorted(maps.Keys(a.called)) {
			if called := t.Lookup(name); called != nil && called.Tree != nil {
				a.current = name
				a.assign("$", a.called[name])
				a.node(called.Root, a.called[name])
			}
		}
	}
	return a.read
}

func (a *analysis) assign(name string, to values) {
	if a.variables[a.current] == nil {
		a.variables[a.current] = map[string]values{}
	}
	if a.variables[a.current][name] == nil {
		a.variables[a.current][name] = values{}
	}
	a.grown = a.variables[a.current][name].add(to) || a.grown
}

func (a *analysis) node(node parse.Node, dot values) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node != nil {
			for _, child := range node.Nodes {
				a.node(child, dot)
			}
		}
	case *parse.ActionNode:
		if found := a.pipe(node.Pipe, dot); len(node.Pipe.Decl) == 0 {
			a.consume(found)
		}
	case *parse.IfNode:
		a.branch(&node.BranchNode, dot, func(values) values { return dot })
	case *parse.WithNode:
		a.branch(&node.BranchNode, dot, func(of values) values { return of })
	case *parse.RangeNode:
		a.branch(&node.BranchNode, dot, func(of values) values { return a.elements(of) })
	case *parse.TemplateNode:
		given := values{}
		if node.Pipe != nil {
			given = a.pipe(node.Pipe, dot)
		}
		if a.called[node.Name] == nil {
			a.called[node.Name] = values{}
			a.grown = true
		}
		a.grown = a.called[node.Name].add(given) || a.grown
	}
}

// branch follows a conditional or a loop. Of its condition only a leaf is read: whether a list has elements says nothing of
// them.
func (a *analysis) branch(node *parse.BranchNode, dot values, inner func(values) values) {
	condition := a.yields(node.Pipe, dot)
	if node.NodeType != parse.NodeRange {
		a.declare(node.Pipe, condition)
	}
	a.consumeLeaves(condition)
	body := inner(condition)
	if node.NodeType == parse.NodeRange {
		for i, variable := range node.Pipe.Decl {
			if i == len(node.Pipe.Decl)-1 {
				a.assign(variable.Ident[0], body)
			} else {
				a.consumeKeys(condition)
			}
		}
	}
	a.node(node.List, body)
	a.node(node.ElseList, dot)
}

// pipe returns what a pipeline yields, and gives it to the variables that it declares or sets.
func (a *analysis) pipe(pipe *parse.PipeNode, dot values) values {
	found := a.yields(pipe, dot)
	a.declare(pipe, found)
	return found
}

func (a *analysis) yields(pipe *parse.PipeNode, dot values) values {
	var last values
	for i, command := range pipe.Cmds {
		last = a.command(command, dot, last, i > 0)
	}
	return last
}

func (a *analysis) declare(pipe *parse.PipeNode, found values) {
	for _, variable := range pipe.Decl {
		a.assign(variable.Ident[0], found)
	}
}

func (a *analysis) command(command *parse.CommandNode, dot, piped values, isPiped bool) values {
	if function, ok := command.Args[0].(*parse.IdentifierNode); ok {
		var arguments []values
		for _, argument := range command.Args[1:] {
			arguments = append(arguments, a.expression(argument, dot))
		}
		if isPiped {
			arguments = append(arguments, piped)
		}
		return a.call(function.Ident, command.Args[1:], arguments)
	}
	found := a.expression(command.Args[0], dot)
	if len(command.Args) > 1 || isPiped { // a method or a function in the data: who knows
		a.consume(found)
		for _, argument := range command.Args[1:] {
			a.consume(a.expression(argument, dot))
		}
		a.consume(piped)
		return nil
	}
	return found
}

// expression returns what a single operand yields.
func (a *analysis) expression(node parse.Node, dot values) values {
	switch node := node.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return a.fields(dot, node.Ident)
	case *parse.VariableNode:
		return a.fields(a.variables[a.current][node.Ident[0]], node.Ident[1:])
	case *parse.ChainNode:
		return a.fields(a.expression(node.Node, dot), node.Field)
	case *parse.PipeNode:
		return a.pipe(node, dot)
	case *parse.IdentifierNode:
		return a.call(node.Ident, nil, nil)
	}
	return nil // a constant
}
