package lint

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// in returns the finding with its place in a source, by field or else by line, and with what to do; none without a source.
func (f Finding) in(s *source, path string, line int, suggestion string) []Finding {
	if s == nil {
		return nil
	}
	f.File = s.file
	switch {
	case path != "":
		f.Line, f.Column = s.find(path)
	case line > 0:
		f.Line, f.Column = s.place(line, blanks(lineOf(s.text, line))+1)
	}
	switch {
	case suggestion != "":
		f.Remedy = fmt.Sprintf("write %q, or take the field out", suggestion)
	case path != "" || line == 0:
		f.Remedy = "correct it, or take it out"
	case strings.HasPrefix(strings.TrimLeft(lineOf(s.text, line), " "), "\t"):
		f.Remedy = "indent with blanks: YAML takes no tabs"
	default:
		f.Remedy = "correct the YAML"
	}
	return []Finding{f}
}

// suggested returns the name, in quotes, that an error of a template suggests; empty if it suggests none.
func suggested(message string) string {
	_, suggestion, _ := strings.Cut(message, "(did you mean ")
	name, _, _ := strings.Cut(suggestion, "?)")
	return name
}

// actionForm matches an action of a template.
var actionForm = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)

// culprit returns which part of a template's line an error of the template is about, from and to in bytes: the function,
// the action or the field that it names. ok is false if that cannot be told.
func culprit(line string, problem *templates.Error) (from, to int, ok bool) {
	if problem.Function != "" {
		if at := callForm(problem.Function).FindStringSubmatchIndex(line); at != nil {
			return at[4], at[5], true
		}
	}
	if wanted := actionForm.FindStringSubmatch(problem.Action); wanted != nil {
		actions := actionForm.FindAllStringSubmatchIndex(line, -1)
		for _, action := range actions {
			if squeezed(line[action[2]:action[3]]) == squeezed(wanted[1]) {
				return action[0], action[1], true
			}
		}
		if at := strings.Index(line, wanted[1]); at >= 0 { // a part of one
			return at, at + len(wanted[1]), true
		}
		if len(actions) == 1 {
			return actions[0][0], actions[0][1], true
		}
	}
	if at := strings.Index(line, problem.Field); at >= 0 && problem.Field != "" {
		return at, at + len(problem.Field), true
	}
	return 0, 0, false
}

// callForm matches a function's name where it is called: its second group is the name.
func callForm(name string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[^\w.$"])(` + regexp.QuoteMeta(name) + `)\b`)
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// columnAt returns the column of an offset in a line, in characters from 1; of a negative one, where the line's text begins.
func columnAt(line string, offset int) int {
	if offset < 0 {
		offset = len(line) - len(strings.TrimLeft(line, " \t-"))
	}
	return utf8.RuneCountInString(line[:min(offset, len(line))]) + 1
}

// at gives a finding the place of an error of a template, whose text is s.
func (f *Finding) at(s *source, problem *templates.Error) {
	f.File = s.file
	line, column := problem.Line, 0
	if line > 0 {
		text := lineOf(s.text, line)
		offset, _, ok := culprit(text, problem)
		if !ok {
			offset = -1
		}
		column = columnAt(text, offset)
	}
	f.Line, f.Column = s.place(line, column)
}
