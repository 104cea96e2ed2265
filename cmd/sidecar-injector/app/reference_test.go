package app

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// TestReference: docs/reference and docs/man say what the commands say. UPDATE_GOLDEN=1 writes them; that run stays red.
func TestReference(t *testing.T) {
	wanted := map[string][]byte{}
	root := NewCommand()
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true
	for _, command := range allOf(root) {
		command.DisableAutoGenTag = true
		var page bytes.Buffer
		if err := doc.GenMarkdown(command, &page); err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(command.CommandPath(), " ", "_")
		wanted["reference/"+name+".md"] = plain(page.Bytes())
		page.Reset()
		// A date of its own would make each build another one.
		date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		header := &doc.GenManHeader{Section: "1", Source: "sidecar-injector", Manual: "sidecar-injector", Date: &date}
		if err := doc.GenMan(command, header, &page); err != nil {
			t.Fatal(err)
		}
		wanted["man/"+strings.ReplaceAll(name, "_", "-")+".1"] = plain(page.Bytes())
	}
	docs := filepath.Join("..", "..", "..", "docs")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		writeReference(t, docs, wanted)
		t.Error("the reference was written with UPDATE_GOLDEN: look at what changed, then run again without it")
		return
	}
	for name, want := range wanted {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Errorf("%v; UPDATE_GOLDEN=1 go test ./cmd/sidecar-injector/app writes it", err)
		} else if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/%s is stale; UPDATE_GOLDEN=1 go test ./cmd/sidecar-injector/app writes it (-want +got):\n%s", name, diff)
		}
	}
	for _, folder := range []string{"reference", "man"} {
		entries, err := os.ReadDir(filepath.Join(docs, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if wanted[folder+"/"+entry.Name()] == nil {
				t.Errorf("docs/%s/%s is of no command", folder, entry.Name())
			}
		}
	}
}

func writeReference(t *testing.T, docs string, wanted map[string][]byte) {
	t.Helper()
	for _, folder := range []string{"reference", "man"} {
		if err := os.RemoveAll(filepath.Join(docs, folder)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(docs, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, page := range wanted {
		if err := os.WriteFile(filepath.Join(docs, name), page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// homeDefault is a default that is a folder of whoever runs the test.
var homeDefault = regexp.MustCompile(` \(default "[^"]*\.kube[^"]*"\)`)

func plain(page []byte) []byte { return homeDefault.ReplaceAll(page, nil) }

// allOf returns a command and all below it that people see.
func allOf(command *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{command}
	for _, below := range command.Commands() {
		if below.IsAvailableCommand() && below.Name() != "help" {
			all = append(all, allOf(below)...)
		}
	}
	return all
}

// TestExamples: every line of every example is a command that the program knows, with flags that it has.
func TestExamples(t *testing.T) {
	lines := 0
	for _, command := range allOf(NewCommand()) {
		text := strings.ReplaceAll(command.Example, "\\\n", " ")
		for line := range strings.SplitSeq(text, "\n") {
			_, ours, found := strings.Cut(line, "sidecar-injector ")
			ours, _, _ = strings.Cut(ours, " > ")
			if !found || strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			lines++
			ours, _, _ = strings.Cut(ours, " | ")
			root := NewCommand()
			named, arguments, err := root.Find(strings.Fields(ours))
			if err == nil {
				err = named.ParseFlags(arguments)
			}
			if err == nil && named.Args != nil {
				err = named.Args(named, named.Flags().Args())
			}
			if err != nil || named == root {
				t.Errorf("example of %q: %s: %v", command.CommandPath(), strings.TrimSpace(line), err)
			}
		}
	}
	if lines < 20 {
		t.Errorf("%d examples were found, are they still written as before?", lines)
	}
}
