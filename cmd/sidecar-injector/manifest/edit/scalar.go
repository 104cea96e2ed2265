package edit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	yaml2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

var (
	// plain is text that needs no quotes, whatever stands around it, unless it means something else than a string.
	plain = regexp.MustCompile(`^[A-Za-z0-9_./+$(-][A-Za-z0-9_./@%+=$()*~-]*$`)
	// plainBlock is the same for text that stands in no brackets. A colon or a number sign in it is looked at apart.
	plainBlock = regexp.MustCompile(`^[A-Za-z0-9_./+$(-][A-Za-z0-9_./@%+=$()*~:#,;&|<>?!'"\[\]{} -]*$`)
	// letters is text that can mean something else only if it is one of words.
	letters   = regexp.MustCompile(`^[A-Za-z_/]`)
	printable = regexp.MustCompile(`^[ -~]*$`)
)

// words mean something else than themselves to some YAML parser.
var words = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// scalarText returns a scalar in YAML, in one line.
func scalarText(value any, inFlow bool) string {
	text, ok := value.(string)
	switch {
	case !ok:
		return jsonText(value)
	case !printable.MatchString(text):
		return doubleQuoted(text)
	case !isPlain(text, inFlow):
		return singleQuoted(text)
	case letters.MatchString(text):
		if slices.Contains(words, strings.ToLower(text)) {
			return `"` + text + `"`
		}
		return text
	}
	var meant any
	if err := yaml2.Unmarshal([]byte(text), &meant); err != nil || meant != any(text) {
		return singleOrDouble(text)
	}
	// A parser of a later version of YAML should not take it for anything else either.
	var later any
	if err := yaml.Unmarshal([]byte(text), &later); err != nil || later != any(text) {
		return singleOrDouble(text)
	}
	return text
}

func isPlain(text string, inFlow bool) bool {
	if inFlow {
		return plain.MatchString(text) && text != "-"
	}
	return plainBlock.MatchString(text) && !strings.Contains(text, ": ") && !strings.Contains(text, " #") &&
		!strings.HasSuffix(text, ":") && !strings.HasSuffix(text, " ") && text != "-" && !strings.HasPrefix(text, "- ") &&
		!strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "...")
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

// doubleQuoted quotes text of any characters.
func doubleQuoted(text string) string {
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text})
	if err != nil {
		return jsonText(text)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// quotedLike returns text in the quotes of the scalar that it replaces, "" if that had none or they do not fit.
func quotedLike(old []byte, text string) string {
	switch {
	case len(old) == 0 || !printable.MatchString(text):
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

// isPrintableLine leaves out what a YAML text may not hold, and what a parser might take for a line break.
func isPrintableLine(line string) bool {
	return !strings.ContainsFunc(line, func(r rune) bool {
		return r != '\t' && r < ' ' || r >= 0x7f && r <= 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == 0xfffe || r == 0xffff || r == '\uFFFD'
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
