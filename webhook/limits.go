package webhook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// What a pod may be. A pod that the API server can store is within all of these but maxElements, which is far above what a
// kubelet can run.
const (
	// maxStored is how many bytes the values of a pod may have together: those of its strings, and two for everything that
	// stands in a list or a map. It is etcd's limit for one object (--max-request-bytes, 1.5 MiB), and what etcd stores of a
	// pod, in the form of Protocol Buffers, is never less.
	maxStored = 3 << 19
	// maxElements is how many elements of lists and entries of maps a pod may have together.
	maxElements = 100_000
	// maxDepth is how many lists and maps a pod may have in each other. The Pod type is not recursive, and has not half of them.
	maxDepth = 64
)

// limitError says that a pod is more than it may be.
type limitError struct {
	field   string // where the limit was passed
	problem string
}

func (e *limitError) Error() string {
	if e.field == "" {
		return e.problem
	}
	return "pod field " + e.field + ": " + e.problem
}

// size counts what a pod has while it is decoded, and ends that with a *limitError.
type size struct {
	elements, bytes int
}

// enter counts a list or a map that begins.
func (s *size) enter(decoder *jsontext.Decoder) error {
	if decoder.StackDepth() > maxDepth {
		return s.fail(decoder, "is too deep; at most %d lists and maps may be in each other", maxDepth)
	}
	return nil
}

// element counts an element of a list or an entry of a map.
func (s *size) element(decoder *jsontext.Decoder) error {
	if s.elements++; s.elements > maxElements {
		return s.fail(decoder, "the pod has too many elements; at most %d list elements and map entries are allowed", maxElements)
	}
	return s.count(decoder, 2)
}

// count counts bytes of a value.
func (s *size) count(decoder *jsontext.Decoder, bytes int) error {
	if s.bytes += bytes; s.bytes > maxStored {
		return s.fail(decoder, "the pod is too large for etcd; its values may have at most %d bytes (1.5 MiB)", maxStored)
	}
	return nil
}

func (s *size) fail(decoder *jsontext.Decoder, format string, limit int) error {
	return &limitError{fieldAt(decoder.StackPointer()), fmt.Sprintf(format, limit)}
}

const (
	// maxSteps and maxStep are how much of a path an error shows: steps, and characters of each.
	maxSteps, maxStep = 4, 40
)

// fieldAt writes the beginning of a JSON pointer as a path to a field, for people.
func fieldAt(pointer jsontext.Pointer) string {
	var path strings.Builder
	steps := 0
	for token := range pointer.Tokens() {
		if steps++; steps > maxSteps {
			path.WriteString("…")
			break
		}
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if steps > 1 {
			path.WriteByte('.')
		}
		path.WriteString(shown(token))
	}
	return path.String()
}

// shown returns a key as an error shows it: as it is, or quoted and cut.
func shown(key string) string {
	cut := key
	if runes := []rune(key); len(runes) > maxStep {
		cut = string(runes[:maxStep]) + "…"
	}
	if quoted := strconv.Quote(cut); quoted != `"`+cut+`"` {
		return quoted
	}
	return cut
}
