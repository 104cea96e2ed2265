package param

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The characters that stand for a parameter in the YAML that is parsed, before its number and end.
const (
	entryOfMap  = '\uE004' // an entry of a mapping: the key; its value is ~
	entryOfList = '\uE005' // an element of a list
)

// source is the text of an output as it is parsed.
type source struct {
	text string
	// lines are the lines of the template, by line of the text from 0.
	lines []int
	// alone are the parameters that stand alone on a line.
	alone map[int]bool
}

// sourceLine is one line of an output without its marks.
type sourceLine struct {
	text string
	line int // of the template: of the first that is no blank and no dash
}

// source takes the marks out, and makes of each token that stands alone on a line an entry of the list or mapping there,
// if it is one of YAML. A token that brings its own line break begins a line.
func (o *Output) source() *source {
	s := &source{alone: map[int]bool{}}
	var text strings.Builder
	for _, line := range o.unmarked() {
		for _, l := range o.broken(line) {
			if len(s.lines) > 0 {
				text.WriteByte('\n')
			}
			text.WriteString(o.entry(l, s.alone).text)
			s.lines = append(s.lines, l.line)
		}
	}
	s.text = text.String()
	return s
}

// unmarked returns the lines of the output, tokens as they are, marks of literal text left out.
func (o *Output) unmarked() []sourceLine {
	var lines []sourceLine
	var text strings.Builder
	at, line, found := 1, 0, false // the line of the template; that of the output's line, and whether it is final
	note := func() {
		if !found {
			line, found = at, true
		}
	}
	for rest := o.text; rest != ""; {
		switch r, size := utf8.DecodeRuneInString(rest); r {
		case textMark:
			until := strings.IndexRune(rest, end)
			id, _ := strconv.Atoi(rest[size:until])
			at = o.program.texts[id]
			rest = rest[until+len(string(end)):]
		case token:
			number, after := tokenAt(rest)
			if !found {
				line, found = o.program.actions[o.parameters[number].action].line, true
			}
			text.WriteString(rest[:after])
			rest = rest[after:]
		case '\n':
			if !found {
				line = at
			}
			lines = append(lines, sourceLine{text.String(), line})
			text.Reset()
			found = false
			at++
			rest = rest[size:]
		default:
			if r != ' ' && r != '-' && r != '\t' {
				note()
			}
			text.WriteString(rest[:size])
			rest = rest[size:]
		}
	}
	if !found {
		line = at
	}
	return append(lines, sourceLine{text.String(), line})
}

// tokenAt returns the parameter of the token that a text begins with, and where the token ends.
func tokenAt(text string) (number, after int) {
	from := strings.IndexRune(text, comma) + len(string(comma))
	until := strings.IndexRune(text, end)
	number, _ = strconv.Atoi(text[from:until])
	return number, until + len(string(end))
}

// broken breaks a line before each token that brings its own line break.
func (o *Output) broken(line sourceLine) []sourceLine {
	var lines []sourceLine
	blanks, from := "", 0
	for i := 0; ; {
		next := strings.IndexRune(line.text[i:], token)
		if next < 0 {
			break
		}
		i += next
		number, size := tokenAt(line.text[i:])
		if p := &o.parameters[number]; p.layout.line {
			lines = append(lines, sourceLine{blanks + line.text[from:i], line.line})
			line.line = o.program.actions[p.action].line
			blanks, from = p.layout.blanks(), i
		}
		i += size
	}
	return append(lines, sourceLine{blanks + line.text[from:], line.line})
}

// entry returns a line with the token that stands alone on it as an entry, noted in alone, and all other tokens short.
func (o *Output) entry(line sourceLine, alone map[int]bool) sourceLine {
	tokens, only, literal := 0, 0, strings.Builder{}
	short := strings.Builder{}
	for i := 0; i < len(line.text); {
		r, size := utf8.DecodeRuneInString(line.text[i:])
		if r != token {
			literal.WriteString(line.text[i : i+size])
			short.WriteString(line.text[i : i+size])
			i += size
			continue
		}
		number, size := tokenAt(line.text[i:])
		short.WriteString(tokenOf(token, number))
		if o.parameters[number].kind != kindEmpty {
			tokens, only = tokens+1, number
		}
		i += size
	}
	blanks := literal.String()
	if strings.Trim(blanks, " \t") != "" || tokens > 1 {
		line.text = short.String()
		return line
	}
	line.text = blanks
	if tokens == 0 {
		return line
	}
	alone[only] = true
	p := &o.parameters[only]
	if !p.layout.line {
		line.text += p.layout.blanks()
	}
	switch p.kind {
	case kindMap:
		line.text += tokenOf(entryOfMap, only) + ": ~"
	case kindList:
		line.text += "- " + tokenOf(entryOfList, only)
	default:
		line.text += tokenOf(token, only)
	}
	return line
}

// tokenOf returns what stands for a parameter in the text that is parsed.
func tokenOf(form rune, number int) string {
	return string(form) + strconv.Itoa(number) + string(end)
}
