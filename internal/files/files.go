// Package files reads files that somebody else has written: no more of them than a limit, and none that make who reads
// them wait.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Read returns the content of a file. It is an error if it holds more bytes than the limit. What is no file is read as far
// as the limit, but for named pipes, which are refused unless a shell has opened them for the program (/dev/fd/63). A
// message about a path has the operating system's error without the path. Read ends with ctx.
func Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	// Without O_NONBLOCK a named pipe is opened when somebody writes to it.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, cause(err)
	case info.Mode().Type() == fs.ModeNamedPipe && !isOpened(path):
		return nil, errors.New("it is a named pipe, which is not read: standard input may be one")
	case info.Mode().IsRegular() && info.Size() > limit:
		return nil, tooLarge(limit)
	}
	return ReadAll(ctx, file, limit)
}

// CheckRegular returns an error for what is neither a file nor a symbolic link to one, and nothing for what cannot be
// told: reading it tells why.
func CheckRegular(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return fmt.Errorf("it is %s, want a file", kind(info.Mode()))
}

// ReadAll reads to the end, which must come before the limit in bytes. When ctx ends, it does not wait for a read that has
// begun.
func ReadAll(ctx context.Context, in io.Reader, limit int64) ([]byte, error) {
	return Wait(ctx, func() ([]byte, error) {
		data, err := io.ReadAll(io.LimitReader(in, limit+1))
		switch {
		case err != nil:
			return nil, cause(err)
		case int64(len(data)) > limit:
			return nil, tooLarge(limit)
		}
		return data, nil
	})
}

// Wait returns what a function does, or when ctx ends its error: then nobody waits for what cannot be stopped.
func Wait[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case got := <-done:
		return got.value, got.err
	}
}

// isOpened says whether a path is one of the files that the program was started with.
func isOpened(path string) bool {
	switch filepath.Dir(filepath.Clean(path)) {
	case "/dev/fd", "/proc/self/fd":
		return true
	}
	return filepath.Clean(path) == "/dev/stdin"
}

func tooLarge(limit int64) error { return fmt.Errorf("it has more than %d MiB", limit>>20) }

// kind names what is no file.
func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// cause is an operating system's error without the path.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}
