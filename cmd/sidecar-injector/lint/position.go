package lint

import (
	"os"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// positionOf returns where the key at a path stands in a YAML file, or the last one on the way that is there; 0 if the file
// cannot be read.
func positionOf(file string, path []string) (line, column int) {
	node := nodeOf(file)
	for _, key := range path {
		next := lookUp(node, key)
		if next == nil {
			break
		}
		line, column = next[0].Line, next[0].Column
		node = next[1]
	}
	return line, column
}

// blockStart returns the line of the key at a path: the text of a block scalar begins on the line after it.
func blockStart(file string, path []string) int {
	node, line := nodeOf(file), 0
	for _, key := range path {
		next := lookUp(node, key)
		if next == nil {
			return 0
		}
		line, node = next[0].Line, next[1]
	}
	return line
}

// nodeOf reads a file's first document, nil if that cannot be.
func nodeOf(file string) *yaml.Node {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// lookUp returns a mapping's key and value.
func lookUp(node *yaml.Node, key string) []*yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i : i+2]
		}
	}
	return nil
}

var (
	firstWord  = regexp.MustCompile(`^(?:unknown field ")?([a-zA-Z]+)`)
	lineNumber = regexp.MustCompile(`line (\d+)`)
)

// fieldIn returns the field that a message of the configuration begins with.
func fieldIn(message string) string {
	if found := firstWord.FindStringSubmatch(message); found != nil {
		return found[1]
	}
	return ""
}

// lineIn returns the line that a message names, 0 if none.
func lineIn(message string) int {
	if found := lineNumber.FindStringSubmatch(message); found != nil {
		line, _ := strconv.Atoi(found[1])
		return line
	}
	return 0
}
