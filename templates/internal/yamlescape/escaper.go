package yamlescape

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escaper makes the values of one action safe for its place. It is safe for concurrent use.
type escaper struct {
	context  context
	template string
	line     int
	action   string
}

// escape is the function that the action's pipeline ends in. It returns a string that needs no escape as it came,
// which costs no memory.
func (e *escaper) escape(value any) (any, error) {
	escaped, problem := e.context.escape(printed(value))
	if problem != "" {
		return nil, &ValueError{e.template, e.line, e.action, e.context.kind.String(), problem}
	}
	if s, ok := value.(string); ok && s == escaped {
		return value, nil
	}
	return escaped, nil
}

const blockInFlow = "block YAML in a flow collection; toJSON yields what can stand here"

// rendered is a value as it would be printed.
type rendered struct {
	text string
	mark mark
	// typed says that the value is a number or a boolean, not a string.
	typed bool
}

// printed returns what text/template prints for a value.
func printed(value any) rendered {
	switch value := value.(type) {
	case string:
		return rendered{text: value}
	case YAML:
		return rendered{text: string(value), mark: markYAML}
	case Flow:
		return rendered{text: string(value), mark: markFlow}
	case int:
		return rendered{text: strconv.Itoa(value), typed: true}
	case bool:
		return rendered{text: strconv.FormatBool(value), typed: true}
	case nil:
		return rendered{text: "<no value>"}
	case error, fmt.Stringer:
		return rendered{text: fmt.Sprint(value)}
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.CanInterface() {
		value = v.Interface()
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		number := fmt.Sprint(value)
		return rendered{text: number, typed: isNumber(number) || isBoolean(number)}
	}
	return rendered{text: fmt.Sprint(value)}
}

// escape returns the text escaped for its place, or why it cannot stand there.
func (c context) escape(t rendered) (escaped, problem string) {
	switch c.kind {
	case wholeValue:
		return c.value(t)
	case wholeKey:
		return c.key(t)
	case wholeLine:
		return c.lineOf(t)
	case nextLine:
		if !strings.HasPrefix(t.text, "\n") { // nindent has another meaning than it should
			return "", "the value does not begin with a line break"
		}
		return c.lineOf(t)
	case endOfToken:
		if t.text != "" {
			return "", "the value stands behind one that is complete"
		}
		return "", ""
	case plainPart:
		return t.text, c.part.check(t.text, c.flow)
	case doubleQuoted:
		return insideDouble(t.text)
	case singleQuoted:
		return insideSingle(t.text)
	case blockScalar:
		return c.block(t.text)
	case commentText:
		return oneLine(t.text), ""
	}
	return "", "is never reached"
}

// value is for a whole plain value.
func (c context) value(t rendered) (string, string) {
	switch {
	case t.mark == markFlow || t.typed:
		return t.text, ""
	case t.mark == markYAML && c.flow:
		return "", blockInFlow
	case t.mark == markYAML:
		return t.text, c.indented(t.text)
	case isNumber(t.text) || isBoolean(t.text) || isPlain(t.text):
		return t.text, ""
	}
	return quoteDouble(t.text)
}

// key is for a whole key. Keys are strings, so one that YAML takes for something else is quoted.
func (c context) key(t rendered) (string, string) {
	switch {
	case t.mark == markFlow && !strings.Contains(t.text, "\n"), isPlain(t.text):
		return t.text, ""
	case t.mark == markYAML:
		return "", "block YAML is no key; quote yields what can stand here"
	}
	return quoteDouble(t.text)
}

// lineOf is for a value at the start of a line.
func (c context) lineOf(t rendered) (string, string) {
	switch {
	case t.text == "":
		return "", ""
	case t.mark == unmarked:
		return "", "only functions that yield YAML, such as toYaml, can stand here"
	case t.mark == markYAML && c.flow:
		return "", blockInFlow
	case t.mark == markYAML:
		return t.text, c.indented(t.text)
	}
	return t.text, ""
}

// indented checks that no line of YAML is indented less than its first, so that it cannot end what it stands in.
func (c context) indented(yaml string) string {
	base, first := -1, true
	for line := range strings.SplitSeq(yaml, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		indent := len(line) - len(trimmed)
		switch {
		case trimmed == "":
		case base < 0 && first && c.col == unknown:
			base = len(yaml) // more than any line has
		case base < 0 && first:
			base = int(c.col) + indent
		case base < 0:
			base = indent
		case indent < base:
			return "a line of the YAML is indented less than the first; indent or nindent does that"
		}
		first = false
	}
	return ""
}

// block is for text in a block scalar: its lines are indented like the scalar's.
func (c context) block(s string) (string, string) {
	if problem := allowed(s); problem != "" {
		return "", problem
	}
	breaks := strings.IndexFunc(s, isBreak) >= 0
	switch {
	case c.folded && (breaks || s != strings.Trim(s, " \t")):
		return "", "the value has a line break, or a blank at an end, which changes how the scalar is folded; '|' does not fold"
	case c.first && beginsBlank(s):
		return "", "the value begins the block scalar with a blank, which changes its indentation"
	case !breaks:
		return s, ""
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
		case r == '\u2028' || r == '\u2029': // YAML keeps these
			b.WriteRune(r)
			writeBlanks(&b, int(c.width))
		case isBreak(r):
			b.WriteByte('\n')
			writeBlanks(&b, int(c.width))
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), ""
}

// beginsBlank says whether the first line with anything in it begins with a blank.
func beginsBlank(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, isBreak))
	return isBlank(r)
}

func writeBlanks(b *strings.Builder, n int) {
	for range n {
		b.WriteByte(' ')
	}
}
