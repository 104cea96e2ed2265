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
		var inner *fs.PathError
		if errors.As(err, &inner) {
			err = fmt.Errorf("%s %s: %w", inner.Op, inner.Path, inner.Err)
		}
		return fmt.Errorf("copy the program to %s: %w", directory, err)
	}
	return nil
}

func install(program, target string) (err error) {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
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
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	// The file is made for its owner alone, and the proxy is another user.
	if err := to.Chmod(0o755); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Rename(to.Name(), target)
}
