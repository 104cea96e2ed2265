package lint

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

var (
	pathForms = []*regexp.Regexp{
		regexp.MustCompile(`^(?:unknown field|value) "([^"]+)"`),
		regexp.MustCompile(`^([a-zA-Z]+(?:\[\d+\]|\.[\w/.-]*\w)*)[: ]`),
	}
	aliasForm = regexp.MustCompile(`^alias "([^"]+)"`)
	lineForm  = regexp.MustCompile(`^line (\d+): `)
	indexForm = regexp.MustCompile(`^\[(\d+)\]\.?`)
)

// pathIn returns the path of the field that a message begins with; empty if it names none.
func pathIn(message string) string {
	if found := aliasForm.FindStringSubmatch(message); found != nil {
		return "aliases." + found[1]
	}
	for _, form := range pathForms {
		if found := form.FindStringSubmatch(message); found != nil {
			return found[1]
		}
	}
	return ""
}

// placeIn returns the place in a source's file that a message about it names, by line or by field.
func placeIn(s *source, message string) (line, column int) {
	if s == nil {
		return 0, 0
	}
	if found := lineForm.FindStringSubmatch(message); found != nil {
		line, _ = strconv.Atoi(found[1]) // it consists of digits
		return s.place(line, blanks(lineOf(s.text, line))+1)
	}
	return s.find(pathIn(message))
}

// cutIndex cuts "[0]" off a path.
func cutIndex(path string) (index int, rest string, ok bool) {
	found := indexForm.FindStringSubmatch(path)
	if found == nil {
		return 0, path, false
	}
	index, err := strconv.Atoi(found[1])
	return index, path[len(found[0]):], err == nil
}

var (
	functionForm = regexp.MustCompile(`^function "(\w+)" not defined`)
	fieldForm    = regexp.MustCompile(`^[\w.\[\]/-]*?([\w/-]+)(?:\[\d+\])?: `)
	actionForm   = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)
)

// culprit returns which part of a template's line an error of the template is about, from and to in bytes: the function,
// the action or the field that it names. ok is false if that cannot be told.
func culprit(line string, problem *templates.Error) (from, to int, ok bool) {
	message := problem.Err.Error()
	if found := functionForm.FindStringSubmatch(message); found != nil {
		if at := wordForm(found[1]).FindStringSubmatchIndex(line); at != nil {
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
	if found := fieldForm.FindStringSubmatch(message); found != nil {
		if at := strings.Index(line, found[1]); at >= 0 {
			return at, at + len(found[1]), true
		}
	}
	return 0, 0, false
}

// wordForm matches a function's name where it is called: its second group is the name.
func wordForm(name string) *regexp.Regexp {
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
