package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMainExitCodes(t *testing.T) {
	cases := map[string]struct {
		args           []string
		code           int
		stdout, stderr string // what they begin with
	}{
		"help without a command":     {nil, exitOK, "sidecar-injector adds a proxy", ""},
		"the version":                {[]string{"version"}, exitOK, "sidecar-injector ", ""},
		"an unknown command":         {[]string{"inject"}, exitUsage, "", "error: unknown command \"inject\": did you mean preview?\nSee 'sidecar-injector --help'.\n"},
		"an unknown flag":            {[]string{"serve", "--port=1"}, exitUsage, "", "error: unknown flag: --port\nSee 'sidecar-injector serve --help'.\n"},
		"an argument too many":       {[]string{"version", "now"}, exitUsage, "", "error: unexpected argument \"now\"\n"},
		"a missing flag":             {[]string{"preview"}, exitUsage, "", "error: nothing is named"},
		"flags that exclude another": {[]string{"serve", "--tls-dir=x", "--tls-self-signed"}, exitUsage, "", "error: --tls-dir and --tls-self-signed exclude each other\n"},
		"a file that is not there":   {[]string{"preview", "-f", "missing.yaml"}, exitError, "", "error: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Main(t.Context(), append([]string{"sidecar-injector"}, c.args...), strings.NewReader(""), &stdout, &stderr)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, out := range []struct{ got, want string }{{stdout.String(), c.stdout}, {stderr.String(), c.stderr}} {
				if !strings.HasPrefix(out.got, out.want) || out.want == "" && out.got != "" {
					t.Errorf("got %q, want %q", out.got, out.want)
				}
			}
		})
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(errors.New("a\r\n\nb\nc")); got != "a; b; c" {
		t.Errorf("got %q", got)
	}
}

// TestHelpFits: nothing in the help of a command, but for cobra's own, is wider than a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	for _, command := range allOf(NewCommand()) {
		var help bytes.Buffer
		command.SetOut(&help)
		if err := command.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(help.String()) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > usageWidth {
				t.Errorf("%s --help has a line of %d characters: %s", command.CommandPath(), utf8.RuneCountInString(line), line)
			}
		}
		if !strings.Contains(help.String(), "\nFlags:\n") {
			t.Errorf("%s --help tells no flags:\n%s", command.CommandPath(), &help)
		}
	}
}

// Called as kubectl's plug-in, the program speaks of itself as kubectl does.
func TestPlugin(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"its help":       {[]string{"/usr/local/bin/kubectl-sidecar", "preview", "--help"}, "kubectl sidecar preview -f examples/myapp.yaml"},
		"its completion": {[]string{"kubectl_complete-sidecar", "version", "-o", ""}, "yaml\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Main(t.Context(), c.args, strings.NewReader(""), &stdout, &stderr); code != exitOK {
				t.Errorf("exit code %d: %s", code, &stderr)
			}
			if out := stdout.String(); !strings.Contains(out, c.want) || strings.Contains(out, "sidecar-injector preview") {
				t.Errorf("got %s, want %q in it, and no other name", out, c.want)
			}
		})
	}
}

// A defect is one line, and never a stack trace.
func TestPanic(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), []string{"sidecar-injector", "version"}, strings.NewReader(""), panics{}, &stderr)
	if want := "error: internal error: a defect: please report it, with the output of version -o json\n"; code != exitError || stderr.String() != want {
		t.Errorf("exit code %d, %q%s; want %d, %q", code, &stderr, &stdout, exitError, want)
	}
}

// panics is a writer that has a defect.
type panics struct{}

func (panics) Write([]byte) (int, error) { panic("a defect") }
