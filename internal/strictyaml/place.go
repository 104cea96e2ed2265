package strictyaml

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Root returns the node of the first YAML document of a text that has something in it; nil for what is no YAML.
func Root(text []byte) *yaml.Node {
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil { // the end, or what is no YAML
			return nil
		}
		if len(document.Content) > 0 && document.Content[0].Tag != "!!null" {
			return document.Content[0]
		}
	}
}

// Line returns the line of the field at a path of a text, from 1; 0 if it is not there.
func Line(text []byte, path string) int {
	line, _, rest := Find(Root(text), path)
	if rest != "" {
		return 0
	}
	return line
}

// Find returns the place of the key or element at a path below a node, such as "a.b[0].c", or of the last one on the way to
// it that is there, and the rest of the path then. Lines and columns count from 1; 0: nothing of it is there. A key may
// have dots in it: the longest that fits is taken, and the last of those that stand twice.
func Find(node *yaml.Node, path string) (line, column int, rest string) {
	for path != "" && node != nil {
		next, at, left := step(node, path)
		if next == nil {
			break
		}
		line, column, node, path = at.Line, at.Column, next, left
	}
	return line, column, path
}

// step returns the value to which the beginning of a path leads, the key or element that stands for it, and what is left
// of the path.
func step(node *yaml.Node, path string) (next, at *yaml.Node, rest string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			left, ok := strings.CutPrefix(path, key.Value)
			if ok && (left == "" || left[0] == '.' || left[0] == '[') && (next == nil || len(key.Value) >= len(at.Value)) {
				next, at, rest = value, key, strings.TrimPrefix(left, ".")
			}
		}
	case yaml.SequenceNode:
		index, left, ok := cutIndex(path)
		if ok && index < len(node.Content) {
			return node.Content[index], node.Content[index], left
		}
	}
	return next, at, rest
}

// cutIndex cuts "[0]", with a dot behind it, off a path.
func cutIndex(path string) (index int, rest string, ok bool) {
	inner, ok := strings.CutPrefix(path, "[")
	if !ok {
		return 0, path, false
	}
	digits, rest, ok := strings.Cut(inner, "]")
	if !ok {
		return 0, path, false
	}
	number, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, path, false
	}
	return int(number), strings.TrimPrefix(rest, "."), true
}

// twice returns the path of the key on a line of a document that stood there before; empty if there is none.
func twice(document []byte, line int) string {
	var found string
	var walk func(node *yaml.Node, path string)
	walk = func(node *yaml.Node, path string) {
		switch node.Kind {
		case yaml.MappingNode:
			seen := map[string]bool{}
			for i := 0; i+1 < len(node.Content) && found == ""; i += 2 {
				key := node.Content[i]
				at := strings.TrimPrefix(path+"."+key.Value, ".")
				if seen[key.Value] && key.Line == line {
					found = at
					return
				}
				seen[key.Value] = true
				walk(node.Content[i+1], at)
			}
		case yaml.SequenceNode:
			for i, element := range node.Content {
				walk(element, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	}
	if root := Root(document); root != nil {
		walk(root, "")
	}
	return found
}
