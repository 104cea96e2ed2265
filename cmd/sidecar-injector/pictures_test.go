//go:build linux

package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
)

// The pictures that the documentation shows: a command, run where the examples are, and how many lines of what it prints; or a
// record of what a command printed that is too much to run for it; or, without a command, a record of the dashboard's graphs.
var pictures = map[string]struct {
	command, record string
	lines, columns  int
}{
	"preview.svg":   {command: "sidecar-injector preview -f examples/myapp.yaml", lines: 40, columns: 80},
	"explain.svg":   {command: "sidecar-injector explain -f examples/quiet.yaml", lines: 100, columns: 80},
	"demo.svg":      {command: "make demo", record: "demo.out", lines: 100, columns: 110}, // make demo-record
	"dashboard.svg": {record: "dashboard.json"},                                           // make dashboard-record
}

// TestPictures: docs/pictures shows what the program prints on a terminal of 80 columns, and no line of it wraps but
// those of a diff and of a command to copy; a record may be wider. UPDATE_GOLDEN=1 writes them; that run stays red.
func TestPictures(t *testing.T) {
	folder := filepath.Join("..", "..", "docs", "pictures")
	for name, picture := range pictures {
		var recorded []byte
		if picture.record != "" {
			var err error
			if recorded, err = os.ReadFile(filepath.Join("testdata", picture.record)); err != nil {
				t.Fatal(err)
			}
		}
		var got []byte
		switch {
		case picture.command == "":
			got = graphs(t, recorded)
		case recorded != nil:
			got = drawing(picture.command, "…\n"+string(recorded), picture.lines, picture.columns)
		default:
			got = drawing(picture.command, onTerminal(t, picture.command), picture.lines, picture.columns)
		}
		path := filepath.Join(folder, name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%s was written with UPDATE_GOLDEN: look at it, then run again without it", path)
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale; UPDATE_GOLDEN=1 go test ./cmd/sidecar-injector writes it (-want +got):\n%s", path, diff)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := pictures[entry.Name()]; !ok {
			t.Errorf("docs/pictures/%s is drawn by nothing", entry.Name())
		}
	}
}

// onTerminal runs the program on a terminal, in the folder of the repository, and returns what it prints there.
func onTerminal(t *testing.T, line string) string {
	t.Helper()
	words := strings.Fields(line)
	command := exec.CommandContext(t.Context(), words[0], words[1:]...)
	command.Dir = filepath.Join("..", "..")
	command.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 50, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	printed, err := io.ReadAll(terminal)
	if err != nil && !errors.Is(err, syscall.EIO) { // that is how a terminal's end reads on Linux
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%s: %v: %s", line, err, printed)
	}
	return strings.ReplaceAll(string(printed), "\r\n", "\n")
}

// Measures of a picture, in pixels: letters are 14 high and, being of one width, 8.4 wide.
const (
	columnWidth = 8.4
	lineHeight  = 18
	margin      = 14
)

// The colours of a picture, by the number of ECMA-48 that the program prints.
var colours = map[string]string{
	"0": "#d4d4d4", "1": "#ffffff", "31": "#f48771", "32": "#89d185", "36": "#4ec9d8",
}

// drawing is an SVG of a terminal of so many columns, with the command and the first lines of what it printed.
func drawing(command, printed string, most, columns int) []byte {
	lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
	cut := len(lines) > most
	if cut {
		lines = append(lines[:most:most], "…")
	}
	var rows strings.Builder
	row := 0
	draw := func(line string) {
		colour, column := "0", 0
		for i, part := range strings.Split(line, "\x1b[") {
			if i > 0 {
				colour, part, _ = strings.Cut(part, "m")
			}
			for part != "" {
				if column == columns { // as a terminal wraps
					row, column = row+1, 0
				}
				text := string([]rune(part)[:min(utf8.RuneCountInString(part), columns-column)])
				part = part[len(text):]
				y := margin + lineHeight*(row+1) - 5
				if strings.TrimSpace(text) != "" {
					fmt.Fprintf(&rows, `<text x="%.1f" y="%d" fill="%s">%s</text>`+"\n", margin+columnWidth*float64(column), y, colours[colour], escaped(text))
				}
				column += utf8.RuneCountInString(text)
			}
		}
		row++
	}
	draw("\x1b[36m$\x1b[1m " + command + "\x1b[0m")
	for _, line := range lines {
		draw(line)
	}
	width, height := 2*margin+columnWidth*float64(columns), 2*margin+lineHeight*row
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0[1]f %[2]d" `+
		`font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`+
		"\n<title>%s</title>\n"+`<rect width="100%%" height="100%%" rx="8" fill="#1e1e1e"/>`+"\n%s</svg>\n",
		width, height, escaped(command), rows.String())
}

// escaped is text for XML, with spaces that no viewer folds.
func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(strings.ReplaceAll(text, " ", "\u00a0"))) // a strings.Builder takes everything
	return out.String()
}
