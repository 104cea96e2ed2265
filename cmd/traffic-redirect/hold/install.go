package hold

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Install copies the program that runs, at the path program, into a directory, under its own name, for everybody to
// execute. What stands there is replaced at once, so that it may run meanwhile. The directory must exist.
func Install(program, directory string) error {
	target := filepath.Join(directory, filepath.Base(program))
	if err := install(program, target); err != nil {
		return fmt.Errorf("copy the program to %s: %w", directory, readable(err))
	}
	return nil
}

// readable returns an error with what was done, to which file, and why not, once.
func readable(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s %s: %w", inner.Op, inner.Path, inner.Err)
	}
	return err
}

func install(program, target string) error {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	return replace(target, 0o755, func(to *os.File) error {
		_, err := io.Copy(to, from)
		return err
	})
}

// replace puts a file of a mode, which write fills, in place of another at once.
func replace(target string, mode fs.FileMode, write func(to *os.File) error) (err error) {
	to, err := os.CreateTemp(filepath.Dir(target), ".install-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = to.Close()
			_ = os.Remove(to.Name())
		}
	}()
	if err := write(to); err != nil {
		return err
	}
	// The file is made for its owner alone, and the proxy is another user.
	if err := to.Chmod(mode); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Rename(to.Name(), target)
}
