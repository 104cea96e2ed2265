package strictyaml

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxAliases is how many bytes aliases may stand for in a document: more than any object that the API server takes.
	maxAliases = 4 << 20
	// nodeSize is what a node counts besides its text.
	nodeSize = 16
)

// CheckAliases returns an error for a text in which aliases stand for so much that decoding it takes the memory, or that
// encoding it again does. Text that is no YAML has none: decoding it tells why.
func CheckAliases(text []byte) error { return checkAliases(text, 0) }

// checkAliases is CheckAliases for a text with so many lines in front.
func checkAliases(text []byte, before int) error {
	if !named(text, '&') || !named(text, '*') {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil { // the end, or what is no YAML
			return nil
		}
		a := aliases{sizes: map[*yaml.Node]int{}}
		a.size(&document)
		if a.total > maxAliases {
			return &Error{Line: before + a.line, Problem: fmt.Sprintf("its aliases stand for more than %d MiB of YAML", maxAliases>>20)}
		}
	}
}

// named says whether a name may follow a mark somewhere in a text. It spares most texts another parser: a shell's && and
// cron's stars are none of an anchor's or an alias's.
func named(text []byte, mark byte) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	for {
		at := bytes.IndexByte(text, mark)
		if at < 0 || at+1 == len(text) {
			return false
		}
		if text = text[at+1:]; strings.IndexByte(letters, text[0]) >= 0 {
			return true
		}
	}
}

// aliases adds up what aliases stand for.
type aliases struct {
	sizes map[*yaml.Node]int
	total int
	line  int // of the alias that is one too many
}

// size returns how large a node is with what aliases in it stand for, no more than a little beyond maxAliases for these.
func (a *aliases) size(n *yaml.Node) int {
	if size, known := a.sizes[n]; known || a.total > maxAliases {
		return size
	}
	a.sizes[n] = 0 // An alias within what it stands for is the decoder's to refuse.
	size := nodeSize + len(n.Value)
	for _, child := range n.Content {
		size += a.size(child)
	}
	if n.Kind == yaml.AliasNode {
		size = a.size(n.Alias)
		if a.total += size; a.total > maxAliases && a.line == 0 {
			a.line = n.Line
		}
	}
	a.sizes[n] = size
	return size
}
