package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// standardInput is the path that stands for standard input, and its name in messages.
const (
	standardInput     = "-"
	standardInputName = "standard input"
)

// Limits of what is read for one command, all files, standard input and URLs together.
const (
	maxBytes     = 32 << 20
	maxDocuments = 100_000
	// maxElements bounds the memory, of which a byte of a list takes up to a hundred when it is decoded. It is counted by
	// marks, which ordinary manifests have every ten bytes.
	maxElements = 3_000_000
)

// marks are what separates elements, or begins them.
var marks = []string{"\n", ",", "[", "{", "- ", "-\t", "? ", "?\t", ": ", ":\t"}

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
	// PassedOver, if it is set, is called with each file of a directory that holds no Kubernetes object, which is no error if
	// Recursive is set; not after Read has returned.
	PassedOver func(path string)
	// Kustomize is a directory with a kustomization, or a URL of one, which is built. Empty: none.
	Kustomize string
	// AllowRemote lets the kustomization include what is fetched from elsewhere, which runs git.
	AllowRemote bool
	Stdin       io.Reader
}

// reader reads sources within the limits.
type reader struct {
	*Sources
	documents []Document
	// What is read so far.
	bytes    int64
	elements int
}

// Read reads all documents, in the order of the sources. An error names the source, and for what stands inside a file the
// line. It is an error if a source holds no object at all, since that is hardly ever what was meant (but see PassedOver), and if all of them hold
// more than 32 MiB, 100,000 documents, or 3,000,000 lines, commas, brackets, dashes and colons. Read ends with ctx.
func (s *Sources) Read(ctx context.Context) ([]Document, error) {
	if first := slices.Index(s.Filenames, standardInput); first >= 0 && slices.Contains(s.Filenames[first+1:], standardInput) {
		return nil, errors.New("standard input (-) can be read only once")
	}
	documents, err := files.Wait(ctx, func() ([]Document, error) {
		r := reader{Sources: s}
		for _, name := range s.Filenames {
			if err := r.read(ctx, name); err != nil {
				return nil, err
			}
		}
		if s.Kustomize == "" {
			return r.documents, nil
		}
		built, err := build(ctx, s.Kustomize, s.AllowRemote)
		if err != nil {
			return nil, err
		}
		err = r.parse(s.Kustomize, built)
		return r.documents, err
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("read the input: %w", ctx.Err())
	}
	return documents, err
}

func (r *reader) read(ctx context.Context, name string) error {
	switch {
	case name == standardInput:
		data, err := files.ReadAll(ctx, r.Stdin, maxBytes)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		return r.parse(standardInputName, data)
	case isURL(name):
		source, data, err := newFetcher().fetch(ctx, name)
		if err != nil {
			return err
		}
		return r.parse(source, data)
	}
	paths, err := expand(name)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := r.readPath(ctx, path); err != nil {
			return err
		}
	}
	return nil
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

func (r *reader) readPath(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return pathError(path, err)
	}
	if !info.IsDir() {
		return r.readFile(ctx, path)
	}
	found, err := filesIn(path, r.Recursive)
	if err != nil {
		return err
	}
	before := len(r.documents)
	for _, file := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := files.CheckRegular(file); err != nil {
			return pathError(file, err)
		}
		if err := r.readFound(ctx, file); err != nil {
			return err
		}
	}
	if len(r.documents) == before {
		return fmt.Errorf("directory %q: no Kubernetes object in its %d files", path, len(found))
	}
	return nil
}

func (r *reader) readFile(ctx context.Context, path string) error {
	data, err := r.load(ctx, path)
	if err != nil {
		return err
	}
	return r.parse(path, data)
}

// readFound is readFile for what was found in a tree, where what holds no object is passed over.
func (r *reader) readFound(ctx context.Context, path string) error {
	data, err := r.load(ctx, path)
	if err != nil {
		return err
	}
	if err := r.parse(path, data); !r.Recursive || !holdsNone(data, err) {
		return err
	}
	if r.PassedOver != nil {
		r.PassedOver(path)
	}
	return nil
}

func (r *reader) load(ctx context.Context, path string) ([]byte, error) {
	data, err := files.Read(ctx, path, maxBytes)
	if err != nil {
		return nil, pathError(path, err)
	}
	return data, nil
}

// parse is Parse, refusing a source in which no object stands, and what goes beyond the limits.
func (r *reader) parse(source string, data []byte) error {
	if r.bytes += int64(len(data)); r.bytes > maxBytes {
		return fmt.Errorf("read %q: with it, the input has more than %d MiB", source, maxBytes>>20)
	}
	for _, mark := range marks {
		r.elements += bytes.Count(data, []byte(mark))
	}
	if r.elements > maxElements {
		return fmt.Errorf("read %q: with it, the input has more than %d lines, commas, brackets, dashes and colons", source, maxElements)
	}
	documents, err := parse(source, data, maxDocuments-len(r.documents))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(documents, func(d Document) bool { return d.Object != nil }) {
		return fmt.Errorf("%s: %w", source, errNone)
	}
	r.documents = append(r.documents, documents...)
	return nil
}

func filesIn(directory string, recursive bool) ([]string, error) {
	var found []string
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return pathError(path, err)
		case entry.IsDir() && path != directory && !recursive:
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		hint := ""
		if !recursive {
			hint = " (-R looks into its subdirectories too)"
		}
		return nil, fmt.Errorf("directory %q: no %s file in it%s", directory, strings.Join(extensions, ", "), hint)
	}
	return found, nil
}

// pathError says an operating system's error once, with the path in front.
func pathError(path string, err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("read %q: %w", path, err)
}
