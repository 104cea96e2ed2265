package yamlescape

import (
	"maps"
	"slices"
	"text/template/parse"
)

// actionID numbers the actions that print something, from 1.
type actionID int32

// action is an action that prints something, and what the walk found out about it.
type action struct {
	node   *parse.ActionNode
	tree   *parse.Tree
	yields yield
	// found are the contexts that its value stands in, each on some path.
	found map[context]struct{}
	// context is where its value stands, on all paths.
	context context
	// err is why there is no such context. Of several reasons it is the first by its text.
	err error
	// quotes are those that opened the single-quoted scalars that it stands in.
	quotes map[quoteID]bool
}

// states is a set of states: those that the paths to one point of a template end in.
type states map[state]struct{}

func (s states) add(more states) { maps.Copy(s, more) }

// walker follows templates from text to text and from action to action.
//
// A template is walked again until nothing new is found: what stands behind an interpolation (lexer.uses) decides what
// its context is; a loop's body is reached from its own end; and a template may call itself. All of these only grow,
// and there are finitely many states, so it ends.
type walker struct {
	lexer
	trees   map[string]*parse.Tree
	actions []*action // the actionID is the index and one
	ids     map[*parse.ActionNode]actionID
	// calls holds the states behind each template for each state before it.
	calls map[call]states
	// walked are the calls that have been followed in this round, and grew says that one ended in new states.
	walked map[call]bool
	grew   bool
	// caller is the call that is being followed, and loop the loop; loops are those of this round.
	caller call
	loop   *loop
	loops  map[loopKey]*loop
}

// call is a template that begins in a state.
type call struct {
	name  string
	state state
}

// loop is what is known about a loop in a template that was called in one state.
type loop struct {
	// head are the states at its beginning that have been followed.
	head states
	// continues are those in which it is begun again from within, and end those in which it is left.
	continues, end states
}

type loopKey struct {
	node   *parse.RangeNode
	caller call
}

// walk finds the context of every action that is reached when one of the entries is executed.
func (w *walker) walk(entries []string) {
	for known := -1; known != w.known(); {
		known = w.known()
		w.calls = map[call]states{}
		for _, a := range w.actions {
			a.found, a.err, a.quotes = map[context]struct{}{}, nil, map[quoteID]bool{}
		}
		w.quotes = newQuotes()
		for w.grew = true; w.grew; {
			w.grew, w.walked, w.loops = false, map[call]bool{}, map[loopKey]*loop{}
			for _, name := range entries {
				for s := range w.call(call{name, start()}) {
					w.text(s, "\n", nil)
				}
			}
		}
	}
	for _, a := range w.actions {
		a.join()
	}
}

// join makes one context of those that were found, in an order that is always the same.
func (a *action) join() {
	for _, c := range slices.SortedFunc(maps.Keys(a.found), context.compare) {
		if a.err != nil {
			return
		}
		a.context, a.err = a.context.join(c)
	}
}

// known counts what is known about what stands behind interpolations.
func (w *walker) known() int {
	count := 0
	for _, u := range w.uses {
		for ; u != 0; u &= u - 1 {
			count++
		}
	}
	return count
}

// call returns the states behind a template; if it calls itself, those that are known so far.
func (w *walker) call(c call) states {
	tree := w.trees[c.name]
	if tree == nil { // its execution fails
		return states{}
	}
	if w.walked[c] {
		return w.calls[c]
	}
	w.walked[c] = true
	loop, caller := w.loop, w.caller
	w.loop, w.caller = nil, c
	end := w.list(tree.Root, states{c.state: {}})
	w.loop, w.caller = loop, caller
	known := w.calls[c]
	if len(end) > len(known) {
		w.grew = true
	}
	w.calls[c] = end
	return end
}

func (w *walker) list(list *parse.ListNode, in states) states {
	if list == nil {
		return in
	}
	for _, node := range list.Nodes {
		in = w.node(node, in)
	}
	return in
}

func (w *walker) node(node parse.Node, in states) states {
	switch node := node.(type) {
	case *parse.TextNode:
		return w.literal(string(node.Text), node, in)
	case *parse.ActionNode:
		return w.action(node, in)
	case *parse.IfNode:
		return w.branch(&node.BranchNode, in)
	case *parse.WithNode:
		return w.branch(&node.BranchNode, in)
	case *parse.RangeNode:
		return w.rangeNode(node, in)
	case *parse.TemplateNode:
		out := states{}
		for s := range in {
			out.add(w.call(call{node.Name, s}))
		}
		return out
	case *parse.BreakNode:
		w.loop.end.add(in)
		return states{}
	case *parse.ContinueNode:
		w.loop.continues.add(in)
		return states{}
	}
	return in // comments
}

func (w *walker) literal(text string, node *parse.TextNode, in states) states {
	out := states{}
	for s := range in {
		out[w.text(s, text, node)] = struct{}{}
	}
	return out
}

// action is for an action. One that prints a constant is as good as text.
func (w *walker) action(node *parse.ActionNode, in states) states {
	if len(node.Pipe.Decl) > 0 {
		return in
	}
	if text, ok := constant(node.Pipe); ok {
		return w.literal(text, nil, in)
	}
	id := w.ids[node]
	a := w.actions[id-1]
	out := states{}
	for s := range in {
		c, behind, err := w.interpolate(s, site{id, a.yields, w.uses[id]})
		switch {
		case err == nil:
			a.found[c] = struct{}{}
		case a.err == nil || err.Error() < a.err.Error():
			a.err = err
		}
		if s.mode == single {
			a.quotes[s.quote] = true
		}
		for _, next := range behind {
			out[next] = struct{}{}
		}
	}
	return out
}

func (w *walker) branch(node *parse.BranchNode, in states) states {
	out := states{}
	out.add(w.list(node.List, in))
	out.add(w.list(node.ElseList, in))
	return out
}

// rangeNode walks the body of a loop, each state at its beginning once, until no new one reaches it.
func (w *walker) rangeNode(node *parse.RangeNode, in states) states {
	key := loopKey{node, w.caller}
	l := w.loops[key]
	if l == nil {
		l = &loop{states{}, states{}, states{}}
		w.loops[key] = l
	}
	outer := w.loop
	w.loop = l
	for next := in; len(next) > 0; {
		fresh := states{}
		for s := range next {
			if _, known := l.head[s]; !known {
				l.head[s], fresh[s] = struct{}{}, struct{}{}
			}
		}
		next = states{}
		if len(fresh) > 0 {
			next.add(w.list(node.List, fresh))
			next.add(l.continues)
			l.end.add(next)
		}
	}
	w.loop = outer
	out := maps.Clone(l.end)
	out.add(w.list(node.ElseList, in)) // in itself if there is no else
	return out
}
