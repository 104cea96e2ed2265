package yamlescape

import "text/template/parse"

// yield is what a pipeline yields for certain, told from the functions it calls.
type yield struct {
	mark mark
	// newLine says that it begins with a line break.
	newLine bool
}

// yieldOf returns what a pipeline yields.
func yieldOf(pipe *parse.PipeNode) yield {
	var y yield
	for i, command := range pipe.Cmds {
		y = commandYield(command, y, i == 0)
	}
	return y
}

func commandYield(command *parse.CommandNode, input yield, first bool) yield {
	switch function := command.Args[0].(type) {
	case *parse.PipeNode:
		if len(command.Args) == 1 {
			return yieldOf(function)
		}
	case *parse.IdentifierNode:
		if m := producer(function.Ident); m != unmarked {
			return yield{mark: m}
		}
		if !passesMark(function.Ident) {
			break
		}
		if first {
			input = yield{}
			if nested, ok := command.Args[len(command.Args)-1].(*parse.PipeNode); ok {
				input = yieldOf(nested)
			}
		}
		return yield{input.mark, input.mark != unmarked && function.Ident == "nindent"}
	}
	return yield{}
}

// constant returns what a pipeline prints that is nothing but a constant.
func constant(pipe *parse.PipeNode) (string, bool) {
	if len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return "", false
	}
	if text, ok := pipe.Cmds[0].Args[0].(*parse.StringNode); ok {
		return text.Text, true
	}
	return "", false
}
