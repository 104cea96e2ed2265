package yamlescape

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// isNumber says whether the text is a number in the form of JSON, which YAML reads alike.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	integer := digits(s)
	if integer == 0 || integer > 1 && s[0] == '0' {
		return false
	}
	if s = s[integer:]; strings.HasPrefix(s, ".") {
		fraction := digits(s[1:])
		if fraction == 0 {
			return false
		}
		s = s[1+fraction:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		exponent := digits(s)
		return exponent > 0 && exponent == len(s)
	}
	return s == ""
}

// digits counts the digits that a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func isBoolean(s string) bool { return s == "true" || s == "false" }

// isPlain says whether every parser of YAML takes the text, without quotes, for the string that it is, whether it is a
// key or a value and whatever stands around it. It says no to some for which this is true too.
func isPlain(s string) bool {
	if s == "" || isWord(s) {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '/' || c == '_' || c == '$':
		case i == 0:
			return false
		case '0' <= c && c <= '9' || c == '-' || c == '.' || c == '(' || c == ')' || c == '=' || c == '+' || c == '@':
		case c == ':' && i+1 < len(s):
		default:
			return false
		}
	}
	return true
}

// isWord says whether the text is a word that YAML 1.1 takes for a boolean or a null.
func isWord(s string) bool {
	if len(s) > len("false") {
		return false
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// check returns what is wrong with a part of a plain scalar, "" if nothing is.
func (p part) check(s string, flow bool) string {
	if s == "" {
		if p&partNotEmpty != 0 {
			return "the value is empty, and changes what stands around it"
		}
		return ""
	}
	if p&partFirst != 0 {
		if problem := first(s); problem != "" {
			return problem
		}
	}
	if p&partAlone != 0 && (s == "~" || len(s) <= 4 && strings.HasSuffix("null", strings.ToLower(s))) {
		return "the value makes a null"
	}
	before := ' '
	if p&partBlank == 0 {
		before = 'x'
	}
	if isBlank(rune(s[0])) || isBlank(rune(s[len(s)-1])) {
		return "the value begins or ends with a blank"
	}
	if s[len(s)-1] == ':' {
		return "the value ends with a colon"
	}
	for i, r := range s {
		switch {
		case r == utf8.RuneError && invalid(s[i:]):
			return "the value is not valid UTF-8"
		case isBreak(r):
			return "the value has a line break"
		case !isAllowed(r):
			return fmt.Sprintf("the value has the character %U", r)
		case r == '#' && isBlank(before):
			return "the value has a '#' behind a blank, which begins a comment"
		case isBlank(r) && before == ':':
			return "the value has a colon before a blank, which makes a key"
		case flow && strings.ContainsRune(flowIndicators, r):
			return fmt.Sprintf("the value has %q, in a flow collection", r)
		}
		before = r
	}
	return ""
}

// first returns what is wrong with the beginning of a plain scalar.
func first(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case isBound(s):
	case beginsPlain(r), r == '-' && !isBlank(rune(s[size])):
		return ""
	}
	return fmt.Sprintf("the value begins with %q", r)
}

// invalid says whether the text begins with bytes that are no UTF-8.
func invalid(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size <= 1
}

// allowed returns which character of the text cannot stand in YAML, "" if all can.
func allowed(s string) string {
	for i, r := range s {
		if r == utf8.RuneError && invalid(s[i:]) {
			return "the value is not valid UTF-8"
		}
		if !isAllowed(r) {
			return fmt.Sprintf("the value has the character %U, which only double quotes can hold", r)
		}
	}
	return ""
}

// oneLine returns the text for a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if isBreak(r) || !isAllowed(r) {
			return ' '
		}
		return r
	}, s)
}
