package listmap

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// AppendCanonical appends one JSON text for all values of a type that are Equal: keys sorted, quantities as the API server
// stores them, and of objects the fields alone that are not Absent. A zero value that the API server replaces is its
// default. (Quantities of different suffixes stay apart, as 1024M and 1G do for the API server.) A value that is stored
// already has the text that encoding/json gives it.
func AppendCanonical(dst []byte, t *podtype.Type, value any) []byte {
	if def, ok := t.FilledIn(); ok && value != nil && Dropped(t, value) {
		value = def
	}
	return appendValue(dst, t, value, true)
}

// AppendJSON appends the JSON text of a value, as encoding/json does: keys sorted, and what HTML takes for markup escaped.
func AppendJSON(dst []byte, value any) []byte { return appendValue(dst, nil, value, false) }

func appendValue(dst []byte, t *podtype.Type, value any, canonical bool) []byte {
	if canonical && t.Quantity() {
		if text, ok := value.(string); ok && isCanonical(text) {
			return appendString(dst, text)
		}
		if q, ok := quantity(t, value); ok {
			return appendString(dst, q.String())
		}
	}
	switch value := value.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return appendString(dst, value)
	case bool:
		return strconv.AppendBool(dst, value)
	case int64:
		return strconv.AppendInt(dst, value, 10)
	case float64:
		return appendFloat(dst, value)
	case map[string]any:
		return appendObject(dst, t, value, canonical)
	case []any:
		if value == nil {
			return append(dst, "null"...)
		}
		dst = append(dst, '[')
		elem := t.Elem()
		for i, element := range value {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, elem, element, canonical)
		}
		return append(dst, ']')
	}
	text, err := json.Marshal(value)
	if err != nil { // no JSON value
		return append(dst, "null"...)
	}
	return append(dst, text...)
}

// isCanonical says of the common forms of a quantity, without reading it, that it is as the API server stores it: a whole
// number without a suffix, in thousandths or in powers of 1024, that no larger suffix would make shorter.
func isCanonical(written string) bool {
	digits := strings.TrimRight(written, "mKMGi")
	if len(digits) == 0 || len(digits) > 9 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	n, _ := strconv.ParseInt(digits, 10, 64)
	switch written[len(digits):] {
	case "", "m":
		return n%1000 != 0
	case "Ki", "Mi", "Gi":
		return n%1024 != 0
	}
	return false
}

func appendObject(dst []byte, t *podtype.Type, object map[string]any, canonical bool) []byte {
	if object == nil {
		return append(dst, "null"...)
	}
	var few [16]string
	keys := few[:0]
	for key, value := range object {
		if !canonical || !Absent(t.Field(key), value) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		dst = appendValue(dst, t.Field(key), object[key], canonical)
	}
	return append(dst, '}')
}

// appendFloat writes a float as encoding/json does: like ES6, with an exponent for large and small ones.
func appendFloat(dst []byte, value float64) []byte {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return append(dst, "null"...) // no JSON value
	}
	size := math.Abs(value)
	if size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, value, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, value, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 to e-9
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst
}

const hex = "0123456789abcdef"

// appendString writes a string as encoding/json does.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0 // of what is not written yet
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hex[r&0xF])
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}
