package strictyaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
)

// Error says what is wrong in a text, and where.
type Error struct {
	// Path leads to the field, such as neverInjectSelector[0].matchLabels; empty if it is about the whole or what is no YAML.
	Path string
	// Line counts from 1; 0: it is not known.
	Line int
	// Problem is a sentence that names the field and what is allowed there.
	Problem string
	// Suggestion is the name that was perhaps meant; Problem has it too. Empty: none.
	Suggestion string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return quote.Text(e.Problem)
	}
	return quote.Text(fmt.Sprintf("line %d: %s", e.Line, e.Problem))
}

// parserForm is how the YAML parser says where an error is.
var parserForm = regexp.MustCompile(`^(?:error converting YAML to JSON: )?(?:yaml: )?(?:unmarshal errors: )?(?:line (\d+): )?(.*)$`)

// parserError makes an *Error of one of the YAML parser, about a document before which so many lines stand.
func parserError(err error, document []byte, before int) *Error {
	parts := parserForm.FindStringSubmatch(strings.Join(strings.Fields(err.Error()), " "))
	wrong := &Error{Problem: parts[2]}
	if parts[1] != "" {
		line, _ := strconv.Atoi(parts[1]) // it consists of digits
		wrong.Line, wrong.Path = before+line, twice(document, line)
	}
	return wrong
}

// ExplainType says which value of raw is of a wrong type for what it was to be read into, if that is what the error err
// is about; otherwise it returns err. encoding/json has that in fields, the decoders of apimachinery only in texts for
// Go programmers. The result is an *Error without a line, "global.hub: got a number, want a string". It may write to into.
func ExplainType(raw []byte, into any, err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(raw, into))
	if !ok {
		return err
	}
	problem := fmt.Sprintf("got %s, want %s", inWords(wrong.Value), inWords(wrong.Type.Kind().String()))
	if wrong.Field != "" {
		problem = wrong.Field + ": " + problem
	}
	return &Error{Path: wrong.Field, Problem: problem}
}

// inWords names a kind of JSON or of Go as YAML's users do.
func inWords(kind string) string {
	switch kind {
	case "array", "slice":
		return "a list"
	case "object", "map", "struct":
		return "an object"
	case "bool":
		return "a boolean"
	case "int32", "int64":
		return "an integer"
	default:
		return "a " + kind
	}
}
