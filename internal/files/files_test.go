//go:build linux

package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const limit = 1 << 20

// odd makes what is no file, or one that is too large.
func odd(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for name, size := range map[string]int{"small": 10, "full": limit, "large": limit + 1} {
		if err := os.WriteFile(name, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"to-small": "small", "to-pipe": "pipe", "to-zero": "/dev/zero", "to-nothing": "nothing", "to-itself": "to-itself"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRead(t *testing.T) {
	odd(t)
	const pipe = "it is a named pipe, which is not read: standard input may be one"
	for path, want := range map[string]string{
		"small": "", "full": "", "to-small": "", "/dev/null": "", "large": "it has more than 1 MiB", "/dev/zero": "it has more than 1 MiB",
		"to-zero": "it has more than 1 MiB", "pipe": pipe, "to-pipe": pipe, "socket": "no such device or address",
		"nothing": "no such file or directory", "to-nothing": "no such file or directory", ".": "is a directory", "to-itself": "too many levels of symbolic links",
	} {
		got := ""
		if _, err := Read(t.Context(), path, limit); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", path, got, want)
		}
	}
}

// TestReadWhatAShellOpened: `-f <(helm template .)` is a pipe without a name.
func TestReadWhatAShellOpened(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	go func() {
		_, _ = in.WriteString("text")
		_ = in.Close()
	}()
	data, err := Read(t.Context(), fmt.Sprintf("/dev/fd/%d", out.Fd()), limit)
	if err != nil || string(data) != "text" {
		t.Errorf("%q, error %v", data, err)
	}
}

func TestCheckRegular(t *testing.T) {
	odd(t)
	for path, want := range map[string]string{
		"small": "", "to-small": "", ".": "", "nothing": "", "to-nothing": "", "pipe": "it is a named pipe, want a file", "to-pipe": "it is a named pipe, want a file",
		"to-zero": "it is a device, want a file", "socket": "it is a socket, want a file",
	} {
		got := ""
		if err := CheckRegular(path); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", path, got, want)
		}
	}
}

// TestReadAllEndsWithItsContext: of what never comes.
func TestReadAllEndsWithItsContext(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), out.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadAll(ctx, out, limit); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestReadAll(t *testing.T) {
	for size, want := range map[int]string{limit: "", limit + 1: "it has more than 1 MiB"} {
		got := ""
		data, err := ReadAll(t.Context(), strings.NewReader(strings.Repeat("x", size)), limit)
		if err != nil {
			got = err.Error()
		}
		if got != want || want == "" && len(data) != size {
			t.Errorf("%d bytes: read %d, error %q, want %q", size, len(data), got, want)
		}
	}
	if _, err := Read(t.Context(), filepath.Join(t.TempDir(), "none"), limit); err == nil {
		t.Error("no error for a file that is not there")
	}
}
