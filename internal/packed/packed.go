// Package packed compresses texts that every pod carries: etcd and the API servers' caches hold them once for each pod.
package packed

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// MaxSize is how many bytes Unpack returns at most: a few bytes of gzip may stand for gigabytes.
const MaxSize = 1 << 20

// magic is how gzip's header begins in base64; no other text is taken for a packed one.
const magic = "H4sI"

// Pack compresses a text with gzip (RFC 1952) and encodes it in standard base64 (RFC 4648), which `base64 -d | gunzip`
// undoes. The same text gives the same result, in one version of Go.
func Pack(text []byte) string {
	var all bytes.Buffer
	encoder := base64.NewEncoder(base64.StdEncoding, &all)
	writer, err := gzip.NewWriterLevel(encoder, gzip.BestCompression)
	if err == nil {
		_, err = writer.Write(text)
	}
	if err := errors.Join(err, writer.Close(), encoder.Close()); err != nil {
		panic(err) // the level is valid, and writing to memory does not fail
	}
	return all.String()
}

// Unpack returns the text that was packed. What Pack does not make, and what is longer than MaxSize, is an error.
func Unpack(text string) ([]byte, error) {
	if !Is(text) {
		return nil, errors.New("it is not gzip in base64")
	}
	reader, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("it is not gzip in base64: %w", err)
	}
	all, err := io.ReadAll(io.LimitReader(reader, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("it is not gzip in base64: %w", err)
	}
	if len(all) > MaxSize {
		return nil, fmt.Errorf("it has more than %d bytes", MaxSize)
	}
	return all, nil
}

// Is says that a text looks like a packed one.
func Is(text string) bool { return strings.HasPrefix(text, magic) }

// Within returns a decoded JSON value with every packed text, but for those of keep, replaced by what as makes of the
// unpacked one. When 8 MiB have been unpacked, the others stay as they are. The value is not changed; what has no packed
// text in it is shared.
func Within(value any, keep map[string]bool, as func(text []byte) any) any {
	replaced, _ := (&walk{as, keep, 8 * MaxSize}).within(value)
	return replaced
}

// Texts returns the texts in a decoded JSON value that look packed. The value is not changed.
func Texts(value any) map[string]bool {
	found := map[string]bool{}
	var look func(any)
	look = func(value any) {
		switch value := value.(type) {
		case string:
			if Is(value) {
				found[value] = true
			}
		case []any:
			for _, inner := range value {
				look(inner)
			}
		case map[string]any:
			for _, inner := range value {
				look(inner)
			}
		}
	}
	look(value)
	return found
}

// walk is one call of Within.
type walk struct {
	as   func(text []byte) any
	keep map[string]bool
	left int // bytes that may still be unpacked
}

func (w *walk) within(value any) (replaced any, changed bool) {
	switch value := value.(type) {
	case string:
		if Is(value) && !w.keep[value] && w.left > 0 {
			text, err := Unpack(value)
			w.left -= max(len(text), len(value))
			if err == nil {
				return w.as(text), true
			}
			w.left -= MaxSize // it was unpacked as far as that, perhaps
		}
	case []any:
		var all []any
		for i, inner := range value {
			if replaced, changed := w.within(inner); changed {
				if all == nil {
					all = slices.Clone(value)
				}
				all[i] = replaced
			}
		}
		if all != nil {
			return all, true
		}
	case map[string]any:
		var all map[string]any
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if replaced, changed := w.within(value[key]); changed {
				if all == nil {
					all = maps.Clone(value)
				}
				all[key] = replaced
			}
		}
		if all != nil {
			return all, true
		}
	}
	return value, false
}
