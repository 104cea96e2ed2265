package edit

import "strings"

// flowRenderer writes values in brackets: JSON, or YAML in one line.
type flowRenderer struct {
	json  bool
	style style
	nl    string
	// indent is that of the line in which the value begins.
	indent string
}

// value returns a value; named puts a name first, as people do in lists.
func (r *flowRenderer) value(value any, named bool, m model) string {
	switch value := value.(type) {
	case map[string]any:
		parts := make([]string, 0, len(value))
		deeper := r.deeper()
		for _, key := range sortedKeys(value, named, m.node) {
			parts = append(parts, deeper.pair(key, value[key], m.entry(key)))
		}
		return r.brackets("{", parts, "}")
	case []any:
		parts := make([]string, 0, len(value))
		deeper := r.deeper()
		models := m.elements(value)
		for i, element := range value {
			parts = append(parts, deeper.value(element, true, models[i]))
		}
		return r.brackets("[", parts, "]")
	}
	if r.json {
		return jsonText(value)
	}
	return scalarText(value, true)
}

// pair returns a key and its value.
func (r *flowRenderer) pair(key string, value any, m model) string {
	name, colon := jsonText(key), r.style.colon
	if !r.json {
		name, colon = scalarText(key, true), ": "
	}
	return name + colon + r.value(value, false, m)
}

func (r *flowRenderer) deeper() *flowRenderer {
	deeper := *r
	deeper.indent += r.style.tab
	return &deeper
}

func (r *flowRenderer) brackets(open string, parts []string, end string) string {
	if len(parts) == 0 || r.style.tab == "" {
		return open + strings.Join(parts, r.style.comma) + end
	}
	inner := r.nl + r.indent + r.style.tab
	return open + inner + strings.Join(parts, ","+inner) + r.nl + r.indent + end
}
