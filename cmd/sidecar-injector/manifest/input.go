package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// standardInput is the path that stands for standard input, and its name in messages.
const (
	standardInput     = "-"
	standardInputName = "standard input"
)

// extensions are the file names that a directory is searched for, the same as kubectl's. A file that is named itself
// may be called anything.
var extensions = []string{".json", ".yaml", ".yml"}

// Sources say where manifests are, as kubectl's flags of the same names do. The zero value is nowhere.
type Sources struct {
	// Filenames are files, "-" for Stdin, http and https URLs, patterns such as deploy/*.yaml, and directories, whose
	// .json, .yaml and .yml files are read in the order of their names, those of the subdirectories too if Recursive is
	// set.
	Filenames []string
	Recursive bool
	// Kustomize is a directory with a kustomization, or a URL of one, which is built. Empty: none.
	Kustomize string
	// AllowRemote lets the kustomization include what is fetched from elsewhere, which runs git.
	AllowRemote bool
	Stdin       io.Reader
}

// Read reads all documents, in the order of the sources. An error names the source, and for what stands inside a file the
// line. It is an error if a source holds no object at all, since that is hardly ever what was meant.
func (s *Sources) Read(ctx context.Context) ([]Document, error) {
	var documents []Document
	if first := slices.Index(s.Filenames, standardInput); first >= 0 && slices.Contains(s.Filenames[first+1:], standardInput) {
		return nil, errors.New("standard input (-) can be read only once")
	}
	for _, name := range s.Filenames {
		found, err := s.read(ctx, name)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	if s.Kustomize == "" {
		return documents, nil
	}
	built, err := build(ctx, s.Kustomize, s.AllowRemote)
	if err != nil {
		return nil, err
	}
	return append(documents, built...), nil
}

func (s *Sources) read(ctx context.Context, name string) ([]Document, error) {
	switch {
	case name == standardInput:
		data, err := io.ReadAll(s.Stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return parseSource(standardInputName, data)
	case isURL(name):
		return newFetcher().documents(ctx, name)
	}
	paths, err := expand(name)
	if err != nil {
		return nil, err
	}
	var documents []Document
	for _, path := range paths {
		found, err := readPath(ctx, path, s.Recursive)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

// expand returns the paths that a name stands for: itself if there is such a file, else what it matches as a pattern.
func expand(name string) ([]string, error) {
	_, err := os.Stat(name)
	if !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, "*?[") {
		return []string{name}, nil
	}
	matches, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("read %q: no such file, and no pattern either: %w", name, err)
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("read %q: no file matches", name)
	}
	return matches, nil
}

func readPath(ctx context.Context, path string, recursive bool) ([]Document, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	if !info.IsDir() {
		return readFile(path)
	}
	files, err := filesIn(path, recursive)
	if err != nil {
		return nil, err
	}
	var documents []Document
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read %q: %w", file, err)
		}
		found, err := readFile(file)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

func readFile(path string) ([]Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	return parseSource(path, data)
}

// parseSource is Parse, refusing a source in which no object stands.
func parseSource(source string, data []byte) ([]Document, error) {
	documents, err := Parse(source, data)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(documents, func(d Document) bool { return d.Object != nil }) {
		return nil, fmt.Errorf("%s: no Kubernetes object in it", source)
	}
	return documents, nil
}

func filesIn(directory string, recursive bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return pathError(path, err)
		case entry.IsDir() && path != directory && !recursive:
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		hint := ""
		if !recursive {
			hint = " (-R looks into its subdirectories too)"
		}
		return nil, fmt.Errorf("directory %q: no %s file in it%s", directory, strings.Join(extensions, ", "), hint)
	}
	return files, nil
}

// pathError says an operating system's error once, with the path in front.
func pathError(path string, err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("read %q: %w", path, err)
}
