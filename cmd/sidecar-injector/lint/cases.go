package lint

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

	"github.com/rogpeppe/go-internal/diff"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
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
		if !entry.IsDir() {
			continue
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
	got, failed, err := outcome(ctx, folder, sources)
	if err != nil {
		return Result{}, err
	}
	file, other := wantFile, wantErrorFile
	if failed {
		file, other = other, file
	}
	want, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Result{}, err
	}
	stale := exists(filepath.Join(folder, other))
	if string(want) == got && !stale {
		return Result{}, nil
	}
	if update {
		if stale {
			if err := os.Remove(filepath.Join(folder, other)); err != nil {
				return Result{}, err
			}
		}
		return Result{Updated: true}, os.WriteFile(filepath.Join(folder, file), []byte(got), 0o644)
	}
	if stale {
		return Result{Problem: fmt.Sprintf("%s is wanted, and it comes out:\n%s", strings.TrimSuffix(other, filepath.Ext(other)), got)}, nil
	}
	return Result{Problem: string(diff.Diff("want/"+file, want, "got/"+file, []byte(got)))}, nil
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

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// outcome is the injected pod, in YAML, or the one line of the error.
func outcome(ctx context.Context, folder string, sources Sources) (text string, failed bool, err error) {
	config, err := sources.Files.Load(ctx, sources.Over)
	if err != nil {
		return "", false, err
	}
	input := templates.Input{Namespace: metav1.ObjectMeta{Name: metav1.NamespaceDefault}}
	if input.Pod, err = readObject(filepath.Join(folder, podFile)); err != nil {
		return "", false, err
	}
	if file := filepath.Join(folder, namespaceFile); exists(file) {
		var namespace struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
		}
		content, err := os.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(content, &namespace)
		}
		if err != nil {
			return "", false, fmt.Errorf("read %s: %w", namespaceFile, err)
		}
		input.Namespace = namespace.Metadata
	}
	result, err := config.Engine().Inject(input)
	if err != nil {
		return strings.Join(strings.Fields(err.Error()), " ") + "\n", true, nil
	}
	// The status is the engine's own affair: it changes with every change of a template.
	metadata, _ := result.Pod["metadata"].(map[string]any)
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, config.Engine().Profile().Keys.Status)
	}
	encoded, err := yaml.Marshal(result.Pod)
	return string(encoded), false, err
}

func readObject(file string) (map[string]any, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	if err := utilyaml.Unmarshal(content, &object); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(file), err)
	}
	return object, nil
}

// WriteResults writes what became of the cases, and returns how many failed.
func WriteResults(out io.Writer, results []Result) (failed int, err error) {
	var text strings.Builder
	for _, result := range results {
		switch {
		case result.Problem != "":
			failed++
			fmt.Fprintf(&text, "%s: failed\n%s\n", result.Name, strings.TrimRight(result.Problem, "\n"))
		case result.Updated:
			fmt.Fprintf(&text, "%s: updated\n", result.Name)
		}
	}
	fmt.Fprintf(&text, "cases: %d, failed: %d\n", len(results), failed)
	_, err = io.WriteString(out, text.String())
	return failed, err
}
