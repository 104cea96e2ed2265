//go:build linux

package manifest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless is an input without an end: the same text again and again.
type endless string

func (e endless) Read(into []byte) (int, error) { return copy(into, e), nil }

// TestInputIsBounded: what has no end, makes who reads it wait, or takes all memory ends in an error that names the limit.
func TestInputIsBounded(t *testing.T) {
	const object, pipe = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", `it is a named pipe, which is not read: standard input may be one`
	folder(t, map[string]string{
		"deep.yaml":           object + "data: " + strings.Repeat("[", 1e6),
		"deep.json":           `{"apiVersion": "v1", "kind": "ConfigMap", "data": ` + strings.Repeat("[", 1e6),
		"alias.yaml":          object + "a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a,", 1000) + "]\n",
		"comments.yaml":       strings.Repeat("#\n---\n", maxDocuments+1),
		"objects.json":        strings.Repeat(`{"apiVersion":"v1","kind":"a"}`+"\n", maxDocuments+1),
		"list.yaml":           object + "data: [" + strings.Repeat("[],", maxElements/2) + "]\n",
		"half.yaml":           object + "data: " + strings.Repeat("x", maxBytes/2),
		"above/tree/pod.yaml": named("a"),
		"devices/a.yaml":      named("a"),
	})
	for _, name := range []string{"pipe", "above/tree/deep.yaml"} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"devices/zero.yaml": "/dev/zero", "to-pipe": "pipe"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("large.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate("large.yaml", 100<<20); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sources Sources
		want    string
	}{
		{Sources{Filenames: []string{"/dev/zero"}}, `read "/dev/zero": it has more than 32 MiB`},
		{Sources{Filenames: []string{"large.yaml"}}, `read "large.yaml": it has more than 32 MiB`},
		{Sources{Filenames: []string{"half.yaml", "half.yaml"}}, `read "half.yaml": with it, the input has more than 32 MiB`},
		{Sources{Filenames: []string{"-"}, Stdin: endless("# y\n")}, "read standard input: it has more than 32 MiB"},
		{Sources{Filenames: []string{"pipe"}}, `read "pipe": ` + pipe},
		{Sources{Filenames: []string{"to-pipe"}}, `read "to-pipe": ` + pipe},
		{Sources{Filenames: []string{"above/tree"}}, `read "above/tree/deep.yaml": it is a named pipe, want a file`},
		{Sources{Filenames: []string{"above"}, Recursive: true}, `read "above/tree/deep.yaml": it is a named pipe, want a file`},
		{Sources{Filenames: []string{"devices"}}, `read "devices/zero.yaml": it is a device, want a file`},
		{Sources{Filenames: []string{"deep.yaml"}}, "deep.yaml:4: broken YAML: exceeded max depth of 10000"},
		{Sources{Filenames: []string{"deep.json"}}, "deep.json:1: broken JSON: invalid character '[' exceeded max depth"},
		{Sources{Filenames: []string{"alias.yaml"}}, "alias.yaml:5: its aliases stand for more than 4 MiB of YAML"},
		{Sources{Filenames: []string{"list.yaml"}}, `read "list.yaml": with it, the input has more than 3000000 lines, commas, brackets, dashes and colons`},
		{Sources{Filenames: []string{"comments.yaml"}}, "comments.yaml:200000: with it, the input has more than 100000 documents"},
		{Sources{Filenames: []string{"objects.json"}}, "objects.json:100000: with it, the input has more than 100000 documents"},
	} {
		t.Run(fmt.Sprint(c.sources.Filenames), func(t *testing.T) {
			_, err := c.sources.Read(t.Context())
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestStandardInputIsGivenUp with the context, though nothing comes.
func TestStandardInputIsGivenUp(t *testing.T) {
	out, in := io.Pipe()
	defer func() { _ = in.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := (&Sources{Filenames: []string{"-"}, Stdin: out}).Read(ctx); err == nil || err.Error() != "read the input: context canceled" {
		t.Errorf("error %v", err)
	}
}

// TestKustomizationsAreBounded: what they read, and how often.
func TestKustomizationsAreBounded(t *testing.T) {
	doubling := map[string]string{"d0/kustomization.yaml": "resources: [a.yaml]\n", "d0/a.yaml": named("a")}
	for i := 1; i <= 40; i++ {
		for _, side := range []string{"l", "r"} {
			doubling[fmt.Sprintf("%s%d/kustomization.yaml", side, i)] = fmt.Sprintf("namePrefix: %s\nresources: [../d%d]\n# %s\n", side, i-1, strings.Repeat("x", 1<<20))
		}
		doubling[fmt.Sprintf("d%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../l%d, ../r%d]\n", i, i)
	}
	for sentence, c := range map[string]struct {
		files     map[string]string
		top, pipe string
		want      string
	}{
		"directories that double": {files: doubling, top: "d40", want: `/kustomization.yaml": with it, kustomize has read more than 32 MiB or 100000 files`},
		"a pipe":                  {files: map[string]string{"kustomization.yaml": "resources: [pipe.yaml]\n"}, pipe: "pipe.yaml", want: `read "pipe.yaml": it is a named pipe, want a file`},
		"a pipe as kustomization": {pipe: "kustomization.yaml", want: `read "kustomization.yaml": it is a named pipe, want a file`},
		"aliases":                 {files: map[string]string{"kustomization.yaml": "commonAnnotations: {a: &a " + strings.Repeat("x", 1<<20) + ", " + aliased(10) + "}\n"}, want: "kustomization.yaml:1: its aliases stand for more than 4 MiB of YAML"},
		"a file that is too large": {files: map[string]string{
			"kustomization.yaml": "configMapGenerator: [{name: a, files: [large]}]\n", "large": strings.Repeat("x", maxBytes+1),
		}, want: `read "large": it has more than 32 MiB`},
	} {
		t.Run(sentence, func(t *testing.T) {
			folder(t, c.files)
			if c.pipe != "" {
				if err := syscall.Mkfifo(c.pipe, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := (&Sources{Kustomize: cmp.Or(c.top, ".")}).Read(t.Context())
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func aliased(times int) string {
	var keys []string
	for i := range times {
		keys = append(keys, fmt.Sprintf("k%d: *a", i))
	}
	return strings.Join(keys, ", ")
}

func TestWatchMemory(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	watchMemory(ctx, 1, cancel)
	if cause := context.Cause(ctx); cause == nil || cause.Error() != "it takes more than 0 MiB of memory" {
		t.Errorf("cause %v", cause)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	cancel(nil)
	watchMemory(ctx, 1, func(error) { t.Error("cancelled after the end") })
}
