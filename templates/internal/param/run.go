package param

import (
	"errors"
	"fmt"
	"strconv"
	"text/template"
)

// run is what one execution needs: templates whose actions print into it, and what they have printed.
type run struct {
	template   *template.Template
	parameters []parameter
	text       boundedBuffer
	account    account
}

// Execute runs the program on data, which it does not change, within a budget. What the budget does not allow is an error,
// as is any other: an *Error, or that of text/template.
func (p *Program) Execute(data any, budget Budget) (*Output, error) {
	r, _ := p.runs.Get().(*run)
	if r == nil {
		var err error
		if r, err = p.newRun(); err != nil {
			return nil, err
		}
	}
	r.parameters, r.text = make([]parameter, 0, cap(r.parameters)), boundedBuffer{limit: budget.Output, buffer: r.text.buffer[:0]}
	r.account = account{Budget: budget}
	err := r.template.Execute(&r.text, data)
	if err == nil {
		err = r.text.problem()
	}
	output := &Output{program: p, text: string(r.text.buffer), parameters: r.parameters}
	r.account = account{}
	p.runs.Put(r)
	if spent, ok := errors.AsType[*Error](err); ok {
		return output, spent // which tells the place better
	}
	return output, err
}

func (p *Program) newRun() (*run, error) {
	own, err := p.master.Clone()
	if err != nil {
		return nil, fmt.Errorf("clone template %q: %w", p.name, err)
	}
	r := &run{template: own}
	functions := template.FuncMap{printFunction: p.print(r), stepFunction: p.step(r), enterFunction: p.enter(r), leaveFunction: p.leave(r)}
	for name, function := range p.functions {
		functions[name] = r.account.bind(name, function)
	}
	own.Funcs(functions)
	return r, nil
}

// print returns the function that notes the value of an action, and returns its token.
func (p *Program) print(r *run) func(int, any) (string, error) {
	return func(number int, value any) (string, error) {
		if err := r.account.charge(printFunction, value); err != nil {
			of := body{action: p.actions[number]}
			return "", of.fail(err)
		}
		return r.print(number, value), nil
	}
}

// print notes the value of an action, and returns its token.
func (r *run) print(number int, value any) string {
	made := parameterOf(number, value)
	r.parameters = append(r.parameters, made)
	var buffer [48]byte
	text := append(buffer[:0], string(token)...)
	text = append(text, made.kind)
	if at := made.layout; at != (layout{}) {
		text = append(text, map[bool]byte{true: 'f', false: 'r'}[at.first], map[bool]byte{true: 'n', false: 's'}[at.line])
		text = strconv.AppendInt(text, int64(at.indent), 10)
	}
	text = append(text, string(comma)...)
	text = strconv.AppendInt(text, int64(len(r.parameters)-1), 10)
	return string(append(text, string(end)...))
}

// boundedBuffer is what a template writes to. It keeps no more than its limit; the next step is an error then.
type boundedBuffer struct {
	buffer []byte
	limit  int
	full   bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.full = b.full || len(b.buffer)+len(p) > b.limit; !b.full {
		b.buffer = append(b.buffer, p...)
	}
	return len(p), nil
}

// problem says that more was written than may be.
func (b *boundedBuffer) problem() error {
	if !b.full {
		return nil
	}
	return spent(fmt.Sprintf("the output is longer than %d MiB: does a range have an end?", b.limit>>20))
}
