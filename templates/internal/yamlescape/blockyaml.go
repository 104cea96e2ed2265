package yamlescape

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// isTrusted says whether YAML stands for the value that it was made from, whose JSON is given, wherever the text is
// indented to. The usual encoder (sigs.k8s.io/yaml) writes a key << bare, which is a merge; folds U+0085; fails for
// some characters and some long keys, where a careless function yields nothing; writes line breaks that functions do
// not know which indent lines; ends block scalars with line breaks that blanks behind it add to; and wraps long lines.
func isTrusted(yaml string, json []byte) bool {
	isCollection := json[0] == '{' || json[0] == '['
	return yaml != "" && !strings.ContainsAny(yaml, "|>?") && !strings.Contains(yaml, "<<") &&
		!bytes.ContainsFunc(json, isExotic) && (isCollection || !strings.Contains(strings.TrimSpace(yaml), "\n"))
}

// isExotic says whether JSON may hold a character in a string that YAML takes for a line break, or does not allow.
func isExotic(r rune) bool { return isBreak(r) && r != '\n' || !isAllowed(r) }

// blockYAML returns block YAML for JSON: a line for each entry of the outermost map or list, and JSON in it.
func blockYAML(text string) (string, error) {
	var entries map[string]json.RawMessage
	var elements []json.RawMessage
	var b strings.Builder
	switch {
	case text[0] == '{' && text != "{}":
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			return "", err
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			name, err := json.Marshal(key)
			if err != nil {
				return "", err
			}
			b.WriteString(plainJSON(string(name)) + ": " + string(entries[key]) + "\n")
		}
	case text[0] == '[' && text != "[]":
		if err := json.Unmarshal([]byte(text), &elements); err != nil {
			return "", err
		}
		for _, element := range elements {
			b.WriteString("- " + string(element) + "\n")
		}
	default:
		b.WriteString(text + "\n")
	}
	return b.String(), nil
}

// plainJSON returns JSON with the characters escaped that YAML takes for line breaks, or does not allow. They stand in
// strings only.
func plainJSON(json string) string {
	if !strings.ContainsFunc(json, isExotic) {
		return json
	}
	var b strings.Builder
	for _, r := range json {
		if isExotic(r) {
			writeEscape(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
