package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
)

// A tree that is read with -R holds more than manifests: values, schemas, workflows, Helm's templates. A file that was
// found there is passed over if no Kubernetes object stands in it:
//
//	no document is an object      it has comments alone, is no mapping, or has neither apiVersion nor kind, or one of them and
//	                              neither metadata nor spec, such as Helm's Chart.yaml
//	it is no YAML and no JSON     if it mentions neither apiVersion nor kind, or is a template: a line begins with {{, or a value
//
// What is nearly an object stays an error: kind without apiVersion beside a spec, a manifest that does not parse, an object
// beside a document that is none.

// syntaxError is an error of a text that is no YAML or JSON.
type syntaxError struct{ error }

func (e *syntaxError) Unwrap() error { return e.error }

func syntaxErrorf(format string, args ...any) error {
	return &syntaxError{fmt.Errorf(format, args...)}
}

// noObjectError is an error of a document that is no Kubernetes object.
type noObjectError struct {
	error
	json   bool
	nearly bool
}

// noObject makes a noObjectError of a decoded document.
func (d *Document) noObject(value any, format string, args ...any) error {
	object, _ := value.(map[string]any)
	has := func(field string) bool { _, has := object[field]; return has }
	return &noObjectError{fmt.Errorf(format, args...), d.JSON, (has("apiVersion") || has("kind")) && (has("metadata") || has("spec"))}
}

var (
	// What a YAML document begins an object with, in the first column.
	versionLine = regexp.MustCompile(`(?m)^(?:\{.*)?["']?apiVersion["']?[ \t]*:`)
	kindLine    = regexp.MustCompile(`(?m)^(?:\{.*)?["']?kind["']?[ \t]*:`)
	// What mentions an object, in any column.
	mention = regexp.MustCompile(`(?m)(?:^|[{,])[ \t]*["']?(?:apiVersion|kind)["']?[ \t]*:`)
	// action is where a template cannot be YAML.
	action = regexp.MustCompile(`(?m)^[ \t]*\{\{|:[ \t]+\{\{`)
)

// errNone says that a source holds nothing but comments.
var errNone = errors.New("no Kubernetes object in it")

// holdsNone says whether a text whose reading ended with an error holds no Kubernetes object.
func holdsNone(text []byte, err error) bool {
	if object, ok := errors.AsType[*noObjectError](err); ok {
		return !object.nearly && (object.json || !versionLine.Match(text) || !kindLine.Match(text))
	}
	if _, ok := errors.AsType[*syntaxError](err); ok {
		return !mention.Match(text) || action.Match(text) && bytes.Contains(text, []byte("}}"))
	}
	return errors.Is(err, errNone)
}
