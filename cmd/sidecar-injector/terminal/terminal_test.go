//go:build linux

package terminal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
)

// openTerminal returns the two ends of a pseudo terminal.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = user.Close(), program.Close() })
	return user, program
}

func TestStylesFor(t *testing.T) {
	_, program := openTerminal(t)
	cases := map[string]struct {
		out         *os.File
		environment map[string]string
		want        string
	}{
		"a terminal":          {program, nil, "\x1b[32mgood\x1b[0m"},
		"one without colours": {program, map[string]string{"TERM": "dumb"}, "good"},
		"who wants none":      {program, map[string]string{"NO_COLOR": "1"}, "good"},
		"NO_COLOR is empty":   {program, map[string]string{"NO_COLOR": ""}, "\x1b[32mgood\x1b[0m"},
		"a file":              {nil, nil, "good"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if c.out == nil {
				file, err := os.CreateTemp(t.TempDir(), "")
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = file.Close() }()
				c.out = file
			}
			styles := StylesFor(c.out, func(name string) string { return c.environment[name] })
			if got := styles.Good("good"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	const text = "a.yaml: Pod a: inject\ndiff x y\n--- x\n+++ y\n@@ -1 +1 @@\n same\n-old\n+new\nb.yaml: Pod b: skip\n"
	const want = "\x1b[1ma.yaml: Pod a: inject\x1b[0m\n\x1b[1mdiff x y\x1b[0m\n\x1b[31m--- x\x1b[0m\n\x1b[32m+++ y\x1b[0m\n" +
		"\x1b[36m@@ -1 +1 @@\x1b[0m\n same\n\x1b[31m-old\x1b[0m\n\x1b[32m+new\x1b[0m\n\x1b[1mb.yaml: Pod b: skip\x1b[0m\n"
	if diff := cmp.Diff(want, string(Styles{colours: true}.Diff([]byte(text)))); diff != "" {
		t.Errorf("coloured (-want +got):\n%s", diff)
	}
	const narrow = "a.yaml: Pod a:\n  inject\ndiff x y\n--- x\n+++ y\n@@ -1 +1 @@\n same\n-old\n+new\nb.yaml: Pod b:\n  skip\n"
	if diff := cmp.Diff(narrow, string(Styles{width: 16}.Diff([]byte(text)))); diff != "" {
		t.Errorf("on a narrow terminal without colours (-want +got):\n%s", diff)
	}
	if got := (Styles{}).Diff([]byte(text)); string(got) != text {
		t.Errorf("plain: %q", got)
	}
}

// TestProgress: after a second there is a bar, and at the end it is gone; where nobody looks on there is none.
func TestProgress(t *testing.T) {
	shown := shownOn(t, func(program *os.File) {
		progress := NewProgress(program, "looking", 10)
		progress.Add(5)
		time.Sleep(patience + 3*pause)
		progress.Done()
	})
	if !strings.Contains(shown, "\r\x1b[Klooking: [=… ] 5/10\r") || !strings.HasSuffix(shown, "\r\x1b[K") {
		t.Errorf("shown: %q", shown)
	}

	var pipe bytes.Buffer
	quiet := NewProgress(&pipe, "looking", 10)
	time.Sleep(patience + pause)
	quiet.Done()
	if pipe.Len() > 0 {
		t.Errorf("in a pipe: %q", pipe.String())
	}
}

func TestBarFitsATerminal(t *testing.T) {
	if got, want := barOf("looking", 5, 10, 0), "looking: [===============               ] 5/10"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, line := range []string{barOf("looking at pods", 123456, 0, time.Hour), barOf("previewing", 10000, 10000, time.Hour), barOf("previewing", 3, 2, 0)} {
		if len(line) > 79 {
			t.Errorf("%d characters: %s", len(line), line)
		}
	}
}

// shownOn returns what a terminal is shown by what write does.
func shownOn(t *testing.T, write func(*os.File)) string {
	t.Helper()
	user, program := openTerminal(t)
	if err := pty.Setsize(program, &pty.Winsize{Rows: 10, Cols: 20}); err != nil {
		t.Fatal(err)
	}
	write(program)
	fmt.Fprint(program, "end")
	shown, buffer := "", make([]byte, 4096)
	for !strings.HasSuffix(shown, "end") {
		n, err := user.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		shown += string(buffer[:n])
	}
	return strings.TrimSuffix(shown, "end")
}

// TestStatus: on a terminal what goes on stands in one line, cut to its width; elsewhere each line stands.
func TestStatus(t *testing.T) {
	tell := func(out io.Writer) {
		status := NewStatus(out)
		for _, text := range []string{"a: 1 of 3", "a: 1 of 3", "a name that is too long: 2"} {
			status.Update(text)
		}
		status.End("a name that is too long: 3")
		status.Update("b: 1")
		status.Close()
	}
	shown := shownOn(t, func(program *os.File) { tell(program) })
	if want := "a: 1 of 3\r\x1b[Ka name that…long: 2\r\x1b[Ka name that is too long: 3\r\nb: 1\r\x1b[K"; shown != want {
		t.Errorf("on a terminal: %q, want %q", shown, want)
	}
	var pipe bytes.Buffer
	tell(&pipe)
	if want := "a: 1 of 3\na name that is too long: 2\na name that is too long: 3\nb: 1\n"; pipe.String() != want {
		t.Errorf("in a pipe: %q, want %q", pipe.String(), want)
	}
}

func TestLines(t *testing.T) {
	for sentence, c := range map[string]struct {
		width, first, rest int
		want               string
	}{
		"no terminal":             {0, 2, 4, "  one two three"},
		"wide enough":             {80, 0, 2, "one two three"},
		"too narrow for all":      {10, 0, 2, "one two\n  three"},
		"with room in front":      {10, 4, 2, "    one\n  two\n  three"},
		"narrower than each word": {2, 0, 0, "one\ntwo\nthree"},
	} {
		if got := Lines("one two three", c.width, c.first, c.rest); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}

func TestWidth(t *testing.T) {
	shownOn(t, func(program *os.File) {
		if got := Width(program); got != 20 {
			t.Errorf("a terminal of 20 columns has %d", got)
		}
	})
	if got := Width(&bytes.Buffer{}); got != 0 {
		t.Errorf("a pipe has %d", got)
	}
}
