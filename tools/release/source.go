package release

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// source is a commit's files, in a folder that is ours to change.
type source struct {
	tree     string
	revision string
	// time is the one that everything of the release bears: SOURCE_DATE_EPOCH, else the commit's.
	time time.Time
}

// checkOutSource writes the files of the repository's HEAD into the folder tree.
func checkOutSource(ctx context.Context, repository, tree string) (source, error) {
	head, err := run(ctx, repository, nil, "git", "rev-list", "--max-count=1", "--timestamp", "HEAD")
	if err != nil {
		return source{}, err
	}
	seconds, revision, _ := strings.Cut(strings.TrimSpace(string(head)), " ")
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds = epoch
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return source{}, fmt.Errorf("read SOURCE_DATE_EPOCH or the commit's time: %w", err)
	}
	archive, err := run(ctx, repository, nil, "git", "archive", "--format=tar", revision)
	if err != nil {
		return source{}, err
	}
	return source{tree, revision, time.Unix(unix, 0).UTC()}, unpack(bytes.NewReader(archive), tree)
}

// unpack writes the files and folders of a tar into the folder to. Links and what else there may be are left out.
func unpack(archive io.Reader, to string) error {
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		name := filepath.Join(to, filepath.FromSlash(header.Name))
		if !filepath.IsLocal(filepath.FromSlash(header.Name)) {
			return fmt.Errorf("read archive: %q leads out of it", header.Name)
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(name, 0o755)
		case tar.TypeReg:
			err = writeFrom(name, reader, header.FileInfo().Mode()&0o111 != 0)
		}
		if err != nil {
			return err
		}
	}
}

// writeFrom writes a file, with the folders above it.
func writeFrom(name string, content io.Reader, executable bool) error {
	mode := fs.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// run runs a command in a folder, with more environment, and returns what it printed. What it printed on standard error
// is part of the error.
func run(ctx context.Context, folder string, environment []string, name string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s %s: %w\n%s", name, args[0], err, bytes.TrimSpace(problems.Bytes()))
	}
	return out, nil
}
