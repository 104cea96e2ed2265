package edit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	yaml2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// wordCharacters may stand anywhere in a scalar without quotes, whatever stands around it, but that few of them may begin
// one. In text that stands in no brackets, the others of inBlock may as well: a colon or a number sign is looked at apart.
const (
	letters        = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/"
	digits         = "0123456789"
	beginnings     = letters + digits + ".+$(-"
	wordCharacters = beginnings + "@%=)*~"
	inBlock        = wordCharacters + `:#,;&|<>?!'"[]{} `
)

// words mean something else than themselves to some YAML parser.
var words = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// scalarText returns a scalar in YAML, in one line.
func scalarText(value any, inFlow bool) string {
	text, ok := value.(string)
	switch {
	case !ok:
		return jsonText(value)
	case !printable(text):
		return doubleQuoted(text)
	case !isPlain(text, inFlow):
		return singleQuoted(text)
	case letter(text[0]):
		if slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, text) }) {
			return `"` + text + `"`
		}
		return text
	case !isString(text):
		return singleOrDouble(text)
	}
	return text
}

// letter says whether text that begins so can mean something else than itself only if it is one of words.
func letter(c byte) bool { return strings.IndexByte(letters, c) >= 0 }

// printable says whether text is ASCII without control characters.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

func isPlain(text string, inFlow bool) bool {
	switch {
	case text == "" || text == "-" || strings.IndexByte(beginnings, text[0]) < 0:
		return false
	case inFlow:
		return consistsOf(text, wordCharacters)
	}
	return consistsOf(text, inBlock) && !strings.Contains(text, ": ") && !strings.Contains(text, " #") &&
		!strings.HasSuffix(text, ":") && !strings.HasSuffix(text, " ") && !strings.HasPrefix(text, "- ") &&
		!strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "...")
}

// isString says whether the YAML parsers take plain text that begins with no letter for a string. They are asked, which
// takes long, only where all of it could be a number or a time.
func isString(text string) bool {
	const ofNumbers = digits + "+-.:_ abcdefABCDEFinINoOptTxXzZ"
	switch {
	case !consistsOf(text, ofNumbers), !strings.ContainsAny(text, digits+"."), strings.Count(text, ".") > 1:
		return true
	case consistsOf(text, digits) && (text[0] != '0' || len(text) == 1):
		return false
	}
	var meant any
	if err := yaml2.Unmarshal([]byte(text), &meant); err != nil || meant != any(text) {
		return false
	}
	// A parser of a later version of YAML should not take it for anything else either.
	var later any
	err := yaml.Unmarshal([]byte(text), &later)
	return err == nil && later == any(text)
}

// consistsOf says whether all bytes of a text are among these.
func consistsOf(text, bytes string) bool {
	for i := range len(text) {
		if strings.IndexByte(bytes, text[i]) < 0 {
			return false
		}
	}
	return true
}

// singleOrDouble quotes what would be a number or the like without: in double quotes, as Kubernetes' own tools do.
func singleOrDouble(text string) string {
	if strings.ContainsAny(text, `"\`) {
		return singleQuoted(text)
	}
	return `"` + text + `"`
}

func singleQuoted(text string) string {
	if text == "" {
		return `""`
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// doubleQuoted quotes text of any characters; what is unsafe is escaped.
func doubleQuoted(text string) string {
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text})
	if err != nil {
		return jsonText(text)
	}
	return safeQuoted(strings.TrimSuffix(string(out), "\n"))
}

// quotedLike returns text in the quotes of the scalar that it replaces, "" if that had none or they do not fit.
func quotedLike(old []byte, text string) string {
	switch {
	case len(old) == 0 || !printable(text):
	case old[0] == '"':
		return jsonText(text)
	case old[0] == '\'':
		return singleQuoted(text)
	}
	return ""
}

// multilineText returns text of several lines as a literal block scalar in a collection at indent: what stands behind
// the colon, and the lines. Text that cannot stand so comes in quotes.
func multilineText(text string, indent int) (inline string, lines []string) {
	body := strings.TrimRight(text, "\n")
	// Blank lines at the end would run into those of the text around.
	if body == "" || len(text)-len(body) > 1 || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") {
		return " " + doubleQuoted(text), nil
	}
	for _, line := range strings.Split(body, "\n") {
		if strings.HasSuffix(line, " ") || !isPrintableLine(line) {
			return " " + doubleQuoted(text), nil
		}
		if line != "" {
			line = strings.Repeat(" ", indent+2) + line
		}
		lines = append(lines, line)
	}
	if text == body {
		return " |-", lines
	}
	return " |", lines
}

// isPrintableLine leaves out what is unsafe or a YAML text may not hold, and what a parser might take for a line break.
func isPrintableLine(line string) bool {
	return !strings.ContainsFunc(line, func(r rune) bool {
		return terminal.IsUnsafe(r) || r == '\u00a0' || r == 0xfffe || r == 0xffff || r == '\uFFFD'
	})
}

// jsonText returns a scalar in JSON, in which <, > and & stand as they are.
func jsonText(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "null"
	}
	return strings.TrimSuffix(out.String(), "\n")
}
