package lint

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

	"github.com/rogpeppe/go-internal/diff"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// The files of a case.
const (
	podFile       = "pod.yaml"
	namespaceFile = "namespace.yaml"
	configFile    = "config.yaml"
	valuesFile    = "values.yaml"
	wantFile      = "want.yaml"
	wantErrorFile = "want-error.txt"
)

var caseFiles = []string{podFile, namespaceFile, configFile, valuesFile, wantFile, wantErrorFile}

// Result is what became of a case.
type Result struct {
	Name string
	// Problem says what is wrong, empty if nothing is; it may be a diff of several lines.
	Problem string
	// Updated says that the wanted result was written.
	Updated bool
}

// Test runs the cases in the folders of a directory, in order. config.yaml and values.yaml of a case take the place of the
// sources'. With update, what comes out is written as what is wanted. An error says that a case cannot be read.
func Test(ctx context.Context, directory string, sources Sources, update bool) ([]Result, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("read the cases: %w", err)
	}
	var results []Result
	for _, entry := range entries {
		switch {
		case strings.HasPrefix(entry.Name(), "."), !entry.IsDir() && strings.HasPrefix(entry.Name(), "README"):
			continue
		case !entry.IsDir():
			return nil, fmt.Errorf("%q is not a folder, and would be ignored: want a folder for each case, with %s in it", filepath.Join(directory, entry.Name()), podFile)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		result, err := runCase(ctx, filepath.Join(directory, entry.Name()), sources, update)
		if err != nil {
			return nil, fmt.Errorf("case %q: %w", entry.Name(), err)
		}
		result.Name = entry.Name()
		results = append(results, result)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no case in %q: want a folder for each, with %s in it", directory, podFile)
	}
	return results, nil
}

func runCase(ctx context.Context, folder string, sources Sources, update bool) (Result, error) {
	if err := checkFiles(folder); err != nil {
		return Result{}, err
	}
	for name, path := range map[string]*string{configFile: &sources.Files.Config, valuesFile: &sources.Files.Values} {
		if file := filepath.Join(folder, name); exists(file) {
			*path = file
		}
	}
	got, err := outcomeOf(ctx, folder, sources)
	if err != nil {
		return Result{}, err
	}
	if got.problem != "" {
		return Result{Problem: got.problem}, nil
	}
	file, other := wantFile, wantErrorFile
	if !got.injected {
		file, other = other, file
	}
	want, err := readCaseFile(folder, file)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return Result{}, err
	}
	stale := exists(filepath.Join(folder, other))
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // as git writes it on Windows
	switch {
	case string(want) == got.text && !stale && !missing:
		return Result{}, nil
	case update:
		if stale {
			if err := os.Remove(filepath.Join(folder, other)); err != nil {
				return Result{}, err
			}
		}
		return Result{Updated: true}, os.WriteFile(filepath.Join(folder, file), []byte(got.text), 0o644)
	case stale && got.injected:
		return Result{Problem: fmt.Sprintf("%s is wanted, but the pod is injected", other)}, nil
	case stale:
		return Result{Problem: fmt.Sprintf("%s is wanted, but the pod is not injected: %s", other, got.text)}, nil
	case missing:
		return Result{Problem: fmt.Sprintf("neither %s nor %s is there: --update writes what comes out", wantFile, wantErrorFile)}, nil
	}
	return Result{Problem: string(diff.Diff("want/"+file, want, "got/"+file, []byte(got.text)))}, nil
}

// checkFiles refuses a folder with a file that is not of a case: it would be ignored otherwise.
func checkFiles(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !slices.Contains(caseFiles, entry.Name()) {
			return fmt.Errorf("%s is not a file of a case: those are %s", entry.Name(), strings.Join(caseFiles, ", "))
		}
	}
	if !exists(filepath.Join(folder, podFile)) {
		return fmt.Errorf("%s is missing", podFile)
	}
	return nil
}

// readCaseFile reads a file of a case.
func readCaseFile(folder, name string) ([]byte, error) {
	content, err := files.Read(context.Background(), filepath.Join(folder, name), configuration.FileLimit)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// WriteResults writes what became of the cases, and returns how many failed.
func WriteResults(out io.Writer, results []Result) (failed int, err error) {
	var text strings.Builder
	for _, result := range results {
		switch {
		case result.Problem != "":
			failed++
			fmt.Fprintf(&text, "%s: failed\n%s\n", terminal.Text(result.Name), strings.TrimRight(result.Problem, "\n"))
		case result.Updated:
			fmt.Fprintf(&text, "%s: updated\n", terminal.Text(result.Name))
		}
	}
	fmt.Fprintf(&text, "cases: %d, failed: %d\n", len(results), failed)
	_, err = io.WriteString(out, text.String())
	return failed, err
}
