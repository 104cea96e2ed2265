package param

import (
	"encoding/json"
	"fmt"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Value is what a function made as YAML or JSON on purpose, such as toYaml and toJSON. Where a whole node is expected it
// is that node; everywhere else, and for functions that take text, it is its text. Only functions make it: nothing in a
// template's data is a Value. It belongs to one execution and is not safe for concurrent use.
type Value struct {
	block bool // made as lines of YAML, not as one node in flow style
	// read gives the value as decoded JSON, which nobody may change, write its text; each is called once at most.
	read  func() (any, error)
	write func() (string, error)

	value   any
	isRead  bool
	text    string
	written bool

	layout layout
	lines  int    // at least so many, once they were moved
	bare   *Value // the same before its lines were moved; nil: the Value itself
}

// layout is what functions such as indent did to the lines of a Value.
type layout struct {
	indent int
	// first says that the first line is indented like the others, line that a line break stands before it.
	first, line bool
}

// blanks are those before the first line.
func (l layout) blanks() string {
	if !l.first {
		return ""
	}
	return strings.Repeat(" ", l.indent)
}

// String returns the text, as a template would print it.
func (v *Value) String() string {
	text, err := v.asText()
	if err != nil {
		return fmt.Sprintf("%%!(%s)", err)
	}
	return text
}

// MarshalJSON encodes the text: for functions that know nothing of a Value it is a string.
func (v *Value) MarshalJSON() ([]byte, error) {
	text, err := v.asText()
	if err != nil {
		return nil, err
	}
	return json.Marshal(text)
}

func (v *Value) asText() (string, error) {
	if !v.written {
		text, err := v.write()
		if err != nil {
			return "", err
		}
		v.text, v.written = text, true
	}
	return v.text, nil
}

// unmoved returns the text without what was done to its lines.
func (v *Value) unmoved() (string, error) {
	if v.bare != nil {
		v = v.bare
	}
	text, err := v.asText()
	return strings.Trim(text, " \t\n"), err
}

func (v *Value) asJSON() (any, error) {
	if !v.isRead {
		value, err := v.read()
		if err != nil {
			return nil, err
		}
		v.value, v.isRead = value, true
	}
	return v.value, nil
}

// laidOut returns the same value after a function that moves its lines: change says what it did to a text.
func (v *Value) laidOut(to layout, change func(string) (string, error)) *Value {
	moved := *v
	moved.layout, moved.written = to, false
	if to.indent > 0 && moved.lines == 0 {
		decoded, _ := v.asJSON() // its error comes back with the text
		moved.lines = linesOf(decoded)
	}
	moved.read = v.asJSON
	if moved.bare == nil {
		moved.bare = v
	}
	moved.write = func() (string, error) {
		text, err := v.asText()
		if err != nil {
			return "", err
		}
		return change(text)
	}
	return &moved
}

// linesOf returns how many lines a value has at most.
func linesOf(value any) int {
	lines := 1
	switch value := value.(type) {
	case string:
		lines += strings.Count(value, "\n")
	case map[string]any:
		for key, field := range value {
			lines += strings.Count(key, "\n") + linesOf(field)
		}
	case []any:
		for _, element := range value {
			lines += linesOf(element)
		}
	}
	return lines
}

// flowOf returns a Value for text that is JSON.
func flowOf(text string) *Value {
	return &Value{text: text, written: true, read: func() (any, error) {
		var value any
		err := utiljson.Unmarshal([]byte(text), &value)
		return value, err
	}}
}

// quoted returns a Value for a string that was put in quotes.
func quoted(value, text string) *Value {
	return &Value{text: text, written: true, value: value, isRead: true}
}

// blockOf returns a Value for what write makes YAML of.
func blockOf(made any, write func() (string, error)) *Value {
	return &Value{block: true, write: write, read: func() (any, error) { return decoded(made) }}
}

// decoded returns a Go value as decoded JSON. Of what is that already, nothing is copied.
func decoded(value any) (any, error) {
	if isDecoded(value) {
		return value, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain any
	err = utiljson.Unmarshal(text, &plain)
	return plain, err
}

func isDecoded(value any) bool {
	switch value := value.(type) {
	case nil, bool, string, int64, float64:
		return true
	case map[string]any:
		for _, field := range value {
			if !isDecoded(field) {
				return false
			}
		}
		return value != nil
	case []any:
		for _, element := range value {
			if !isDecoded(element) {
				return false
			}
		}
		return value != nil
	}
	return false
}

// quoteDouble returns a text in double quotes, as JSON and YAML write it.
func quoteDouble(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// quoteSingle returns a text in single quotes, or in double ones if it has line breaks.
func quoteSingle(text string) string {
	if strings.ContainsAny(text, "\r\n\u0085\u2028\u2029") {
		return quoteDouble(text)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
