package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// Document is one YAML or JSON document of a file.
type Document struct {
	// Source is the file's path as it was given, or "standard input"; of a live object its name.
	Source string
	// Line is the document's first line in its source, Number its place there; both count from 1. A live object has none.
	Line, Number int
	// Separator is the bytes of the `---` lines in front, and Raw those of the document, exactly as they came.
	Separator, Raw []byte
	// JSON says that the document is written in JSON.
	JSON bool
	// Object is the document decoded: numbers are int64 or float64. It is nil for a document of nothing but comments, or of
	// nothing at all.
	// Nothing writes to it.
	Object map[string]any
	// Paths say where pod templates stand in objects of some kinds, whatever is known of these otherwise.
	Paths []TemplatePath
	// Live is a live object as the API server gave it; nil for what stands in a file. Nothing writes to it.
	Live map[string]any
}

// FromObject makes a document of a live object, which is not changed; what only the API server writes into objects is left
// out of its Object. source is its name for messages.
func FromObject(source string, live map[string]any) Document {
	object := maps.Clone(live)
	delete(object, "status")
	if metadata, ok := object["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		for _, field := range []string{"managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"} {
			delete(metadata, field)
		}
		object["metadata"] = metadata
	}
	return Document{Source: source, Object: object, Live: live}
}

// String is where the document stands, the beginning of every message about it.
func (d *Document) String() string {
	if d.Line == 0 {
		return d.Source
	}
	return fmt.Sprintf("%s:%d (document %d)", d.Source, d.Line, d.Number)
}

// Parse splits data into its documents: YAML documents between `---` lines, each of which may also be a row of JSON
// objects. A document that is no Kubernetes object (a mapping with apiVersion and kind) is an error, as is a field that
// stands there twice. Separator and Raw of all documents, one after the other, are the data: separators at its end make a
// document of nothing.
func Parse(source string, data []byte) ([]Document, error) {
	return parse(source, data, maxDocuments)
}

// parse is Parse of at most so many documents.
func parse(source string, data []byte, most int) ([]Document, error) {
	var documents []Document
	for rest, line := data, 1; len(rest) > 0; {
		if len(documents) >= most {
			return nil, tooManyDocuments(source, line)
		}
		chunk := Document{Source: source, Number: len(documents) + 1}
		chunk.Separator, rest = splitAfterLines(rest, separatorLines(rest))
		if err := checkSeparator(source, line, chunk.Separator); err != nil {
			return nil, err
		}
		chunk.Raw, rest = beforeSeparator(rest)
		chunk.Line = line + newlines(chunk.Separator)
		line = chunk.Line + newlines(chunk.Raw)
		if len(chunk.Raw) == 0 { // the data end with separators
			return append(documents, chunk), nil
		}
		found, err := decode(chunk, most-len(documents))
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

func tooManyDocuments(source string, line int) error {
	return fmt.Errorf("%s:%d: with it, the input has more than %d documents", source, line, maxDocuments)
}

const separator = "---"

// separatorLines counts the `---` lines that data begins with.
func separatorLines(data []byte) int {
	count := 0
	for bytes.HasPrefix(data, []byte(separator)) {
		_, data = splitAfterLines(data, 1)
		count++
	}
	return count
}

// beforeSeparator cuts data, which begins with no `---` line, in front of the first such line.
func beforeSeparator(data []byte) (before, after []byte) {
	if end := bytes.Index(data, []byte("\n"+separator)); end >= 0 {
		return data[:end+1], data[end+1:]
	}
	return data, nil
}

// checkSeparator looks at `---` lines, of which the first has this number.
func checkSeparator(source string, line int, separators []byte) error {
	for mark := range bytes.Lines(separators) {
		if text := bytes.TrimSpace(mark[len(separator):]); len(text) > 0 && text[0] != '#' {
			return syntaxErrorf("%s:%d: nothing but a comment may follow --- on its line, found %q", source, line, text)
		}
		line++
	}
	return nil
}

// splitAfterLines cuts data after so many lines; the last line may lack its line end.
func splitAfterLines(data []byte, lines int) (before, after []byte) {
	at := 0
	for range lines {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return data, nil
		}
		at += end + 1
	}
	return data[:at], data[at:]
}

// looksLikeJSON tells JSON from YAML that begins with a brace.
var looksLikeJSON = regexp.MustCompile(`^\s*\{\s*["}]`)

// decode decodes what stands between separators into one document, or several if it is a row of JSON objects.
func decode(chunk Document, most int) ([]Document, error) {
	if looksLikeJSON.Match(chunk.Raw) {
		return decodeJSON(chunk, most)
	}
	value, err := decodeYAML(chunk.Raw)
	wrong, located := errors.AsType[*strictyaml.Error](err)
	switch {
	case located:
		return nil, fmt.Errorf("%s:%d: %s", chunk.Source, chunk.Line+wrong.Line-1, wrong.Problem)
	case errors.Is(err, errMore):
		return nil, syntaxErrorf("%s: %w", &chunk, err)
	case err != nil && bytes.HasPrefix(bytes.TrimPrefix(chunk.Raw, []byte("\ufeff")), []byte("%")):
		return nil, syntaxErrorf("%s:%d: broken YAML: directives such as %%YAML are not read, as kubectl reads none: remove the line", chunk.Source, chunk.Line)
	case err != nil:
		return nil, yamlError(&chunk, err)
	}
	if value == nil {
		return []Document{chunk}, nil
	}
	if err := chunk.setObject(value); err != nil {
		return nil, err
	}
	return []Document{chunk}, nil
}

// decodeJSON decodes a row of JSON objects, each a document.
func decodeJSON(chunk Document, most int) ([]Document, error) {
	var documents []Document
	decoder := json.NewDecoder(bytes.NewReader(chunk.Raw))
	last, start := 0, 0 // where the object before begins, and this one
	for line := chunk.Line; ; {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) && len(documents) > 0 {
			// What stands after the last object belongs to it, so that nothing is lost.
			documents[len(documents)-1].Raw = chunk.Raw[last:]
			return documents, nil
		}
		if len(documents) >= most {
			return nil, tooManyDocuments(chunk.Source, line)
		}
		document := chunk
		document.Number += len(documents)
		document.JSON = true
		if err != nil {
			at := len(chunk.Raw)
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				at = int(syntax.Offset)
			}
			return nil, syntaxErrorf("%s:%d: broken JSON: %w", chunk.Source, chunk.Line+newlines(chunk.Raw[:at]), err)
		}
		if len(documents) > 0 {
			document.Separator = nil
		}
		end := int(decoder.InputOffset())
		document.Raw = chunk.Raw[start:end]
		document.Line = line + newlines(chunk.Raw[start:end-len(raw)])
		line = document.Line + newlines(raw)
		var value any
		duplicates, err := kjson.UnmarshalStrict(raw, &value)
		if err = errors.Join(append(duplicates, err)...); err != nil {
			return nil, fmt.Errorf("%s: %s", &document, oneLine(err))
		}
		if err := document.setObject(value); err != nil {
			return nil, err
		}
		documents = append(documents, document)
		last, start = start, end
	}
}

func newlines(data []byte) int { return bytes.Count(data, []byte("\n")) }

// setObject sets the decoded value, which must be a Kubernetes object: a mapping with apiVersion and kind.
func (d *Document) setObject(value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return d.noObject(value, "%s: it is %s, want a Kubernetes object: a mapping with apiVersion and kind", d, describe(value))
	}
	for _, field := range []string{"apiVersion", "kind"} {
		if text, ok := object[field].(string); !ok || text == "" {
			return d.noObject(value, "%s: %s is %s, want a string: this is no Kubernetes object", d, field, describe(object[field]))
		}
	}
	d.Object = object
	return nil
}

// parserProblem begins the errors of the YAML parser, as against those of its scanner.
const parserProblem = "did not find expected "

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlError says the first of the parser's errors, with the line counted from the source's beginning.
func yamlError(d *Document, err error) error {
	text := oneLine(err)
	for _, prefix := range []string{"yaml: ", "unmarshal errors: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	line := d.Line
	if at := yamlLine.FindStringSubmatchIndex(text); at != nil {
		number, _ := strconv.Atoi(text[at[2]:at[3]])
		line += number - 1
		text = text[at[1]:]
		// The parser counts its own errors from 0, the scanner its errors from 1.
		if strings.HasPrefix(text, parserProblem) {
			line++
		}
	} else if key, kind := oddKey(d.Raw); key > 0 {
		line, text = line+key-1, "a key is "+kind+", want a string"
	}
	if next := yamlLine.FindStringIndex(text); next != nil {
		text = strings.TrimRight(text[:next[0]], " ")
	}
	return syntaxErrorf("%s:%d: broken YAML: %s", d.Source, line, text)
}

// oneLine is an error's text with line ends and indentation made single spaces.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// describe names the type of a decoded JSON value for messages.
func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "missing"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		if value == "" {
			return "empty"
		}
		return "a string"
	case bool:
		return "a boolean"
	default:
		return "a number"
	}
}
