package lint

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// source is a text that can be at fault, and where it stands: in a file, or as a scalar in the YAML of another source, such
// as a template in a configuration in a ConfigMap. A nil source has no text and no place.
type source struct {
	file string
	text string
	// root is the node of the text as YAML, nil if it is none.
	root *yaml.Node
	// outer has the text as the scalar node; nil if the text is the file's.
	outer *source
	node  *yaml.Node
}

// newSource reads a file; nil if none is named or it cannot be read.
func newSource(file string) *source {
	if file == "" {
		return nil
	}
	text, err := files.Read(context.Background(), file, configuration.FileLimit)
	if err != nil {
		return nil
	}
	return &source{file: file, text: string(text), root: strictyaml.Root(text)}
}

// documents returns the nodes of YAML documents, as far as they are YAML.
func documents(text []byte) []*yaml.Node {
	var roots []*yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil { // the end, or what is no YAML
			break
		}
		if len(document.Content) > 0 && document.Content[0].Tag != "!!null" {
			roots = append(roots, document.Content[0])
		}
	}
	return roots
}

// exported returns a ConfigMap among those exported to a directory; nil if it is not there.
func exported(directory, name string) *source {
	paths, _ := filepath.Glob(filepath.Join(directory, "*")) // the pattern is well-formed but for the directory's name
	for _, file := range paths {
		if !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			continue
		}
		text, err := files.Read(context.Background(), file, configuration.FileLimit)
		if err != nil {
			continue
		}
		for _, root := range documents(text) {
			objects := []*yaml.Node{root}
			if _, items := child(root, "items"); items != nil {
				objects = items.Content
			}
			for _, object := range objects {
				_, kind := child(object, "kind")
				_, metadata := child(object, "metadata")
				if _, named := child(metadata, "name"); kind != nil && kind.Value == "ConfigMap" && named != nil && named.Value == name {
					return &source{file: file, text: string(text), root: object}
				}
			}
		}
	}
	return nil
}

// child returns a mapping's key and value; nil if there are none.
func child(node *yaml.Node, key string) (name, value *yaml.Node) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}

// scalar returns the text that stands at a path of keys; nil if there is none.
func (s *source) scalar(path ...string) *source {
	if s == nil {
		return nil
	}
	node := s.root
	for _, key := range path {
		_, node = child(node, key)
	}
	if node == nil || node.Kind != yaml.ScalarNode {
		return nil
	}
	return &source{file: s.file, text: node.Value, root: strictyaml.Root([]byte(node.Value)), outer: s, node: node}
}

// place returns the place in the file of a place in the text. All count from 1, columns in characters; 0 is unknown.
func (s *source) place(line, column int) (int, int) {
	if s == nil || s.outer == nil {
		return line, column
	}
	literal := s.node.Style&yaml.LiteralStyle != 0
	quoted := s.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	begins := s.node.Column
	if quoted {
		begins++
	}
	switch {
	case literal && line > 0:
		if column > 0 {
			column += s.indentation()
		}
		return s.outer.place(s.node.Line+line, column)
	case line == 1 && column > 0 && strings.HasPrefix(from(lineOf(s.outer.text, s.node.Line), begins), strings.TrimSuffix(s.text, "\n")):
		return s.outer.place(s.node.Line, begins+column-1)
	default: // folded, or with escapes: where it begins
		return s.outer.place(s.node.Line, s.node.Column)
	}
}

// indentation is how much further the text of a literal scalar is indented where it stands.
func (s *source) indentation() int {
	for number, line := range strings.Split(s.text, "\n") {
		if strings.TrimSpace(line) != "" {
			return blanks(lineOf(s.outer.text, s.node.Line+number+1)) - blanks(line)
		}
	}
	return 0
}

func blanks(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// from returns a line from a column on, in characters from 1.
func from(line string, column int) string {
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	return line
}

// lineOf returns a line of a text, from 1, without its end; empty if there is none.
func lineOf(text string, number int) string {
	lines := strings.Split(text, "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[number-1], "\r")
}

// find returns the place of the key at a path such as "a.b[0].c", or of the last one on the way to it that is there.
func (s *source) find(path string) (line, column int) {
	if s == nil {
		return 0, 0
	}
	line, column, _ = strictyaml.Find(s.root, path)
	return s.place(line, column)
}

// origins are the sources of a configuration; those that it has not are nil.
type origins struct {
	config *source // the injector's own
	values *source
	istio  *source // Istio's configuration of injection
	mesh   *source
}

// origins reads where everything stands.
func (s *Sources) origins() origins {
	found := origins{config: newSource(s.Files.Config), values: newSource(s.Files.Values), mesh: newSource(s.Files.MeshConfig)}
	if info, err := os.Stat(s.Files.InjectConfig); err == nil && info.IsDir() {
		names := istio.ConfigMapsOf(s.Files.Revision)
		injector := exported(s.Files.InjectConfig, names.Injector)
		found.istio, found.values = injector.scalar("data", "config"), injector.scalar("data", "values")
		found.mesh = exported(s.Files.InjectConfig, names.Mesh).scalar("data", "mesh")
		return found
	}
	found.istio = newSource(s.Files.InjectConfig)
	return found
}
