package edit

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// random makes objects, texts of them in any formatting, and changes of them.
type random struct {
	*rand.Rand
	nl       string
	step     int
	indented bool
	comments int
	// anchors are the values that an anchor stands at, if the text has any; made are values that come again.
	anchoring bool
	anchors   []any
	made      []any
}

var (
	someKeys    = []string{"name", "image", "env", "a", "b-c", "d.e/f", "x y", "true", "1", "ü", "containers", "spec"}
	someStrings = []string{
		"", "a", "nginx:1.2", "yes", "1", "1.5", "null", "a b", "# no comment", "x: y", "-", "- a", "multi\nline\n",
		"multi\n\n  line", "ends\n\n", "ünïcode ☃ 😀", "it's", `a "quoted" \ word`, " space", "tab\there", "{a}", "[b", "*x", "&y", "!z",
		"%", "@", "`", "0x1F", "010", "1e3", "2001-01-01", "12:30:45", "~", "<<", "=", "key:", "a#b", "a,b", "---", "...", "1_000", "\u0085", "\u2028x", "\ufeff",
		strings.Repeat("long text ", 15), "a\r\nb", "#\n", "\n", " \n x", "trailing \nx",
	}
)

func (r *random) of(list []string) string { return list[r.IntN(len(list))] }

// value makes a value; deep bounds its depth.
func (r *random) value(deep int) any {
	if r.anchoring && len(r.made) > 0 && r.IntN(3) == 0 {
		return r.made[r.IntN(len(r.made))]
	}
	value := r.newValue(deep)
	r.made = append(r.made, value)
	return value
}

func (r *random) newValue(deep int) any {
	switch n := r.IntN(10); {
	case n < 3 && deep > 0:
		return r.object(deep)
	case n < 5 && deep > 0:
		list := make([]any, 0, 4)
		for range r.IntN(4) {
			list = append(list, r.value(deep-1))
		}
		return list
	case n == 5:
		return []any{int64(0), int64(-7), int64(1 << 53), 1.5, 1e-9, 1e300}[r.IntN(6)]
	case n == 6:
		return []any{true, false, nil}[r.IntN(3)]
	}
	return r.of(someStrings)
}

func (r *random) object(deep int) map[string]any {
	object := map[string]any{}
	for range r.IntN(5) {
		object[r.of(someKeys)] = r.value(deep - 1)
	}
	return object
}

// changed makes a value that differs here and there.
func (r *random) changed(value any, deep int) any {
	switch value := value.(type) {
	case map[string]any:
		after := map[string]any{}
		for _, key := range sortedKeys(value, false, nil) {
			switch r.IntN(8) {
			case 0:
			case 1:
				after[key] = r.value(deep)
			default:
				after[key] = r.changed(value[key], deep-1)
			}
		}
		for range r.IntN(3) {
			after[r.of(someKeys)] = r.value(deep)
		}
		return after
	case []any:
		after := make([]any, 0, len(value))
		for _, element := range value {
			switch r.IntN(8) {
			case 0:
			case 1:
				after = append(after, r.value(deep), element)
			default:
				after = append(after, r.changed(element, deep-1))
			}
		}
		if r.IntN(3) == 0 {
			after = append(after, r.value(deep))
		}
		return after
	}
	if r.IntN(6) == 0 {
		return r.value(deep)
	}
	return value
}

// comment is a comment that no other is equal to, or none.
func (r *random) comment() string {
	if r.IntN(4) > 0 {
		return ""
	}
	r.comments++
	return fmt.Sprintf(" # comment %d: [x", r.comments)
}

// above is what may stand in the lines above an entry.
func (r *random) above(indent int) string {
	text := ""
	if r.IntN(8) == 0 {
		text += r.nl
	}
	if comment := r.comment(); comment != "" {
		text += strings.Repeat(" ", indent) + comment[1:] + r.nl
	}
	return text
}

// mapping writes an object in block style. The first line's indentation is left to the caller.
func (r *random) mapping(object map[string]any, indent int) string {
	text := ""
	keys := sortedKeys(object, false, nil)
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for i, key := range keys {
		if i > 0 {
			text += r.above(indent) + strings.Repeat(" ", indent)
		}
		text += r.scalar(key, false) + ":" + r.behind(object[key], indent, false)
	}
	return text
}

// behind writes what stands behind a colon or a dash, to the end of its last line: with an anchor, or an alias instead.
func (r *random) behind(value any, indent int, item bool) string {
	if !r.anchoring {
		return r.content(value, indent, item)
	}
	for i, anchored := range r.anchors {
		if equal(anchored, value) && r.IntN(2) == 0 {
			return fmt.Sprintf(" *a%d", i) + r.comment() + r.nl
		}
	}
	text := r.content(value, indent, item)
	below := strings.HasPrefix(text, r.nl) || strings.HasPrefix(text, " #")
	if item && !isScalar(value) && !below || r.IntN(4) > 0 {
		return text
	}
	r.anchors = append(r.anchors, value)
	return fmt.Sprintf(" &a%d", len(r.anchors)-1) + text
}

func (r *random) content(value any, indent int, item bool) string {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 || r.IntN(6) == 0 {
			break
		}
		if item && r.IntN(4) > 0 {
			return " " + r.mapping(value, indent+2)
		}
		deeper := indent + r.step
		return r.comment() + r.nl + r.above(deeper) + strings.Repeat(" ", deeper) + r.mapping(value, deeper)
	case []any:
		if len(value) == 0 || r.IntN(6) == 0 {
			break
		}
		deeper := indent
		if r.indented || item {
			deeper += 2
		}
		text := r.comment() + r.nl
		if item && r.IntN(2) == 0 {
			text = " "
		}
		for i, element := range value {
			if i > 0 || text != " " {
				text += r.above(deeper) + strings.Repeat(" ", deeper)
			}
			text += "-" + r.behind(element, deeper, true)
		}
		return text
	case string:
		if inline, lines := multilineText(value, indent); len(lines) > 0 && r.IntN(3) > 0 {
			if r.IntN(3) == 0 {
				inline = r.of([]string{" >-", " |+", " >+", " |2"})
			}
			return inline + r.comment() + r.nl + strings.Join(lines, r.nl) + r.nl
		}
	case nil:
		if r.IntN(2) == 0 {
			return r.comment() + r.nl
		}
	}
	return " " + r.flow(value) + r.comment() + r.nl
}

// flow writes a value in brackets, or a scalar.
func (r *random) flow(value any) string {
	space := []string{"", " ", "  "}
	switch value := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range sortedKeys(value, false, nil) {
			parts = append(parts, r.scalar(key, true)+": "+r.flow(value[key]))
		}
		return "{" + r.of(space) + strings.Join(parts, ","+r.of(space)) + r.of(space) + "}"
	case []any:
		var parts []string
		for _, element := range value {
			parts = append(parts, r.flow(element))
		}
		return "[" + r.of(space) + strings.Join(parts, ", "+r.of(space)) + r.of(space) + "]"
	}
	return r.scalar(value, true)
}

func (r *random) scalar(value any, inFlow bool) string {
	text, ok := value.(string)
	switch {
	case ok && r.IntN(4) == 0:
		return doubleQuoted(text)
	case ok && r.IntN(4) == 0 && printable(text):
		return singleQuoted(text)
	}
	return scalarText(value, inFlow)
}

// document writes an object in a formatting of its own, sometimes in JSON.
func (r *random) document(object map[string]any) string {
	if r.IntN(5) == 0 {
		indent := r.of([]string{"", "  ", "\t"})
		data, err := json.MarshalIndent(object, "", indent)
		if indent == "" {
			data, err = json.Marshal(object)
		}
		if err != nil {
			panic(err)
		}
		return string(data) + r.of([]string{"", "\n"})
	}
	text := r.above(0) + r.mapping(object, 0)
	if r.IntN(4) == 0 && !strings.HasSuffix(text, r.nl+r.nl) {
		text = strings.TrimSuffix(text, r.nl)
	}
	return text
}

func newRandom(seed uint64) *random {
	r := &random{Rand: rand.New(rand.NewPCG(seed, seed))}
	r.nl = r.of([]string{"\n", "\n", "\r\n"})
	r.step = 1 + r.IntN(4)
	r.indented = r.IntN(2) == 0
	r.anchoring = r.IntN(3) == 0
	return r
}
