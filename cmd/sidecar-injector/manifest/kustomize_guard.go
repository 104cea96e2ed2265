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

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// guard is the file system that kustomize reads, in which kustomizations that want what may not be fetched cannot be read,
// nor what is no file or too large. It is asked about each of them, those in cloned repositories too, before kustomize acts
// on it. It is not for concurrent use.
type guard struct {
	filesys.FileSystem
	allowRemote bool
	bytes       int64 // read so far
	reads       int
	// kustomizations are the files that kustomize finds by the name of a kustomization, behind symbolic links.
	kustomizations map[string]bool
	// refused is the first error that came of a check: kustomize tries something else then, or says less.
	refused error
}

func newGuard(allowRemote bool) *guard {
	return &guard{FileSystem: filesys.MakeFsOnDisk(), allowRemote: allowRemote, kustomizations: map[string]bool{}}
}

// refuse notes an error, and returns it.
func (g *guard) refuse(err error) error {
	if g.refused == nil {
		g.refused = err
	}
	return err
}

// CleanedAbs resolves a path, as kustomize does before it reads a file.
func (g *guard) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	directory, file, err := g.FileSystem.CleanedAbs(path)
	if err == nil && slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
		g.kustomizations[directory.Join(file)] = true
	}
	return directory, file, err
}

// ReadFile reads a file that holds nothing that may not be fetched. What a kustomization includes twice is read, and counts,
// twice: so there is an end to directories that each include the one before several times.
func (g *guard) ReadFile(path string) ([]byte, error) {
	if err := files.CheckRegular(path); err != nil {
		return nil, g.refuse(pathError(shortPath(path), err))
	}
	data, err := files.Read(context.Background(), path, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err // Kustomize tries several names.
	}
	if err != nil {
		return nil, g.refuse(pathError(shortPath(path), err))
	}
	g.bytes += int64(len(data))
	if g.reads++; g.bytes > maxBytes || g.reads > maxDocuments {
		return nil, g.refuse(fmt.Errorf("read %q: with it, kustomize has read more than %d MiB or %d files", shortPath(path), maxBytes>>20, maxDocuments))
	}
	err = g.checkText(data, g.kustomizations[path])
	if err == nil {
		err = checkAliases(data)
	}
	if err != nil {
		return nil, g.refuse(fmt.Errorf("%s%w", shortPath(path), err))
	}
	return data, nil
}

// checkAliases is for a file, whose name stands in front of the error.
func checkAliases(data []byte) error {
	if wrong, ok := errors.AsType[*strictyaml.Error](strictyaml.CheckAliases(data)); ok {
		return fmt.Errorf(":%d: %s", wrong.Line, wrong.Problem)
	}
	return nil
}

// checkText checks the documents of a file: a kustomization, or those that configure one of kustomize's own plug-ins.
func (g *guard) checkText(data []byte, kustomization bool) error {
	if err := g.checkNodes(data, kustomization); err != nil || !kustomization {
		return err
	}
	return g.checkDecoded(data)
}

// checkDecoded checks a kustomization once more, as kustomize decodes it: what checkNodes misses has no line. All from which
// kustomize makes git clone something is among these fields.
func (g *guard) checkDecoded(data []byte) error {
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return nil // It is kustomize's to refuse.
	}
	k.FixKustomization() // Bases are resources then, and Helm's charts stand in one field.
	if len(k.HelmCharts) > 0 {
		return fmt.Errorf(": the chart %q is not rendered: kustomize would run helm; want what 'helm template' makes of it among the resources", k.HelmCharts[0].Name)
	}
	for _, target := range slices.Concat(k.Resources, k.Components, k.Generators, k.Transformers, k.Validators) {
		if err := checkRemote(target, g.allowRemote); err != nil {
			return fmt.Errorf(": %w", err)
		}
	}
	return nil
}

// checkNodes checks what can be told from the text, and where in it.
func (g *guard) checkNodes(data []byte, kustomization bool) error {
	if !kustomization && !bytes.Contains(data, []byte("builtin")) && !bytes.Contains(data, []byte(`\`)) {
		return nil // There is no plug-in's apiVersion in it, not even with escapes.
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF), err != nil && !kustomization:
			return nil
		case err != nil:
			return fmt.Errorf(": %w", err)
		}
		if len(document.Content) == 1 && (kustomization || isPlugin(document.Content[0])) {
			if err := g.checkNode(document.Content[0]); err != nil {
				return err
			}
		}
	}
}

// isPlugin says whether an object configures a plug-in that is built into kustomize.
func isPlugin(object *yaml.Node) bool {
	if object.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == "apiVersion" && resolved(object.Content[i+1]).Value == "builtin" {
			return true
		}
	}
	return false
}

// loading are the keys whose strings kustomize takes for files, directories or URLs, at whatever depth.
var loading = []string{
	"resources", "bases", "components", "generators", "transformers", "validators", "crds", "configurations",
	"patchesStrategicMerge", "path", "paths", "files", "envs", "env", "targetFilePath", "valuesFile", "argsFromFile",
}

// checkNode checks all that a node of a kustomization loads. A key counts in upper and lower case, as it does there.
func (g *guard) checkNode(n *yaml.Node) error {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 &&
			slices.ContainsFunc(loading, func(key string) bool { return strings.EqualFold(key, n.Content[i-1].Value) }) {
			if err := g.checkLoaded(child); err != nil {
				return err
			}
		}
		if err := g.checkNode(child); err != nil {
			return err
		}
	}
	return nil
}

// checkLoaded checks the value of a key that loads: one string, or a list of them.
func (g *guard) checkLoaded(n *yaml.Node) error {
	n = resolved(n)
	values := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		values = n.Content
	}
	for _, value := range values {
		value = resolved(value)
		if value.Kind != yaml.ScalarNode {
			continue
		}
		_, file, _ := strings.Cut(value.Value, "=") // key=file
		if strings.Contains(value.Value, "\n") {    // a plug-in's configuration, or a patch, in place of a file's name
			if err := g.checkText([]byte(value.Value), false); err != nil {
				return err
			}
			file = ""
		}
		for _, target := range []string{value.Value, file} {
			if err := checkRemote(target, g.allowRemote); err != nil {
				return fmt.Errorf(":%d: %w", value.Line, err)
			}
		}
	}
	return nil
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// shortPath names a file as people do who stand above it.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
