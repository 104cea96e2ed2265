package param

import (
	"errors"
	"fmt"
	"strconv"
	"text/template"
	"text/template/parse"
)

// The functions that the bodies of ranges and templates begin and end with: they count steps, and print nothing. No template
// can be executed for long without passing through them.
const (
	stepFunction  = "_step"
	enterFunction = "_enter"
	leaveFunction = "_leave"
)

// maxAction is how many characters of an action an error shows.
const maxAction = 60

// countRange lets each pass through a range take its steps.
func (p *Program) countRange(node *parse.RangeNode) {
	p.bodies = append(p.bodies, body{action{node.Line, cut("{{range " + node.Pipe.String() + "}}")}, weightOf(node.List)})
	node.List.Nodes = append([]parse.Node{hiddenCall(node.Pos, node.Line, stepFunction, len(p.bodies)-1)}, node.List.Nodes...)
}

// countTemplate lets each call of a template take its steps, and know how many calls it is in.
func (p *Program) countTemplate(t *template.Template) {
	root := t.Root
	line := lineOf(t.Tree, root)
	p.bodies = append(p.bodies, body{action{line, cut("{{template " + strconv.Quote(t.Name()) + "}}")}, weightOf(root)})
	begin := hiddenCall(root.Pos, line, enterFunction, len(p.bodies)-1)
	root.Nodes = append(append([]parse.Node{begin}, root.Nodes...), hiddenCall(root.Pos, line, leaveFunction, len(p.bodies)-1))
}

// hiddenCall returns an action that calls a function with a number.
func hiddenCall(pos parse.Pos, line int, function string, number int) *parse.ActionNode {
	command := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{
		parse.NewIdentifier(function).SetPos(pos),
		&parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(number), Text: strconv.Itoa(number)},
	}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Line: line, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: pos, Line: line, Cmds: []*parse.CommandNode{command},
	}}
}

// cut returns the beginning of a text.
func cut(text string) string {
	if runes := []rune(text); len(runes) > maxAction {
		return string(runes[:maxAction]) + "…"
	}
	return text
}

// step returns the function that a pass through a range begins with.
func (p *Program) step(r *run) func(int) (string, error) {
	return func(number int) (string, error) {
		of := &p.bodies[number]
		err := r.text.problem()
		if err == nil {
			err = r.account.spend(callSteps + of.steps() + of.compared*(r.account.longest/comparedPerStep))
		}
		return "", of.fail(err)
	}
}

// enter returns the function that a template begins with.
func (p *Program) enter(r *run) func(int) (string, error) {
	step := p.step(r)
	return func(number int) (string, error) {
		if r.account.calls++; r.account.calls > maxCalls {
			return "", p.bodies[number].fail(spent(fmt.Sprintf("templates call each other without end; at most %d may be in each other", maxCalls)))
		}
		if r.account.levels += p.bodies[number].levels; r.account.levels > maxLevels {
			return "", p.bodies[number].fail(spent(fmt.Sprintf("templates call each other too deep; at most %d actions may be in each other", maxLevels)))
		}
		return step(number)
	}
}

// leave returns the function that a template ends with.
func (p *Program) leave(r *run) func(int) string {
	return func(number int) string {
		r.account.calls--
		r.account.levels -= p.bodies[number].levels
		return ""
	}
}

// fail says in which body something has run out.
func (b *body) fail(err error) error {
	if err == nil || errors.Is(err, ErrDone) {
		return err
	}
	return &Error{Line: b.line, Action: b.text, Problem: err.Error(), Err: err}
}
