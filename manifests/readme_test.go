package manifests

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// chartReadme is written by hand up to the table of values, and generated from there on.
const chartReadme = "sidecar-injector/README.md"

// TestReadme compares the table of the chart's README with values.yaml: each value, its default and its comment. With
// UPDATE_GOLDEN set it writes the table.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("sidecar-injector/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(chartReadme)
	if err != nil {
		t.Fatal(err)
	}
	const heading = "\n## Values\n"
	byHand, _, found := strings.Cut(string(readme), heading)
	if !found {
		t.Fatalf("%s has no heading Values", chartReadme)
	}
	table := "| value | default | |\n|---|---|---|\n" + rows(t, "", commentedYAML(t, text))
	golden(t, chartReadme, byHand+heading+"\n"+table)
}

// rows are those of the values of a mapping, below a path that ends with a dot.
func rows(t *testing.T, path string, mapping *yaml.Node) (all string) {
	t.Helper()
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		at, inner := path+key.Value, ""
		def := "`" + flat(t, value) + "`"
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 {
			def, inner = "", rows(t, at+".", value)
		}
		if said := cell(key.HeadComment + "\n" + key.LineComment + "\n" + value.LineComment); said != "" || inner == "" {
			all += fmt.Sprintf("| `%s` | %s | %s |\n", at, def, said)
		}
		all += inner
	}
	return all
}

// flat is a value in one line, as it may be written in YAML.
func flat(t *testing.T, value *yaml.Node) string {
	t.Helper()
	var decoded any
	if err := value.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	if plain := value.Value; value.Kind == yaml.ScalarNode && value.Style == 0 {
		return plain
	}
	return strings.ReplaceAll(string(text), ",", ", ")
}

// page finds what is a page of the documentation.
var page = regexp.MustCompile(`docs/[a-z-]+\.md`)

// gap is what stands between a name and what is said of it.
var gap = regexp.MustCompile(` {2,}`)

// cell is a comment as a cell of a table. A line that is set in by three spaces is an example or one of a list, and begins a
// line; what is set in further goes on with it.
func cell(text string) string {
	parts := strings.Split(strings.TrimSpace(text), "\n\n")
	var said []string
	for line := range strings.SplitSeq(parts[len(parts)-1], "\n") {
		line = strings.TrimPrefix(line, "#")
		content := strings.TrimSpace(line)
		if strings.HasPrefix(line, "   ") && !strings.HasPrefix(line, "    ") {
			name, meaning, listed := strings.Cut(gap.ReplaceAllString(content, "\x00"), "\x00")
			content = "<br>`" + name + "`"
			if listed {
				content += ": " + meaning
			}
		}
		if content != "" {
			said = append(said, content)
		}
	}
	joined := strings.ReplaceAll(strings.Join(said, " "), "|", `\|`)
	return page.ReplaceAllString(joined, "[$0](https://github.com/sidecar-injector/sidecar-injector/blob/main/$0)")
}
