package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// remoteGuard is the file system that kustomize reads, in which kustomizations that want what may not be fetched cannot
// be read. It is asked about each of them, those in cloned repositories too, before kustomize acts on it. It is not for
// concurrent use.
type remoteGuard struct {
	filesys.FileSystem
	allowRemote bool
	// kustomizations are the files that kustomize finds by the name of a kustomization, behind symbolic links.
	kustomizations map[string]bool
	// refused is the first error that came of a check.
	refused error
}

func newRemoteGuard(files filesys.FileSystem, allowRemote bool) *remoteGuard {
	return &remoteGuard{FileSystem: files, allowRemote: allowRemote, kustomizations: map[string]bool{}}
}

// CleanedAbs resolves a path, as kustomize does before it reads a file.
func (g *remoteGuard) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	directory, file, err := g.FileSystem.CleanedAbs(path)
	if err == nil && slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
		g.kustomizations[directory.Join(file)] = true
	}
	return directory, file, err
}

// ReadFile reads a file that holds nothing that may not be fetched.
func (g *remoteGuard) ReadFile(path string) ([]byte, error) {
	data, err := g.FileSystem.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := g.checkText(data, g.kustomizations[path]); err != nil {
		err = fmt.Errorf("%s%w", shortPath(path), err)
		if g.refused == nil {
			g.refused = err
		}
		return nil, err
	}
	return data, nil
}

// checkText checks the documents of a file: a kustomization, or those that configure one of kustomize's own plug-ins.
func (g *remoteGuard) checkText(data []byte, kustomization bool) error {
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
func (g *remoteGuard) checkNode(n *yaml.Node) error {
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
func (g *remoteGuard) checkLoaded(n *yaml.Node) error {
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
		if strings.Contains(value.Value, "\n") { // a plug-in's configuration, or a patch, in place of a file's name
			if err := g.checkText([]byte(value.Value), false); err != nil {
				return err
			}
			continue
		}
		_, file, _ := strings.Cut(value.Value, "=") // key=file
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

// The ways to name a repository, besides an http or https URL; git:: in front of them means nothing to kustomize.
var (
	repositoryURL = regexp.MustCompile(`(?i)^(git::)*((ssh|https?|file)://|github\.com[/:])`)
	repositorySCP = regexp.MustCompile(`(?i)^(git::)*[a-z][a-z0-9-]*@[^/:]*[/:].*(/|\.git)`)
)

// checkRemote returns an error if a target of kustomize's is fetched from elsewhere and may not be, or would make git
// take a ref for an option, with which it runs any command.
func checkRemote(target string, allowRemote bool) error {
	parsed, err := url.Parse(target)
	if (err != nil || parsed.Scheme != "http" && parsed.Scheme != "https") &&
		!repositoryURL.MatchString(target) && !repositorySCP.MatchString(target) {
		return nil
	}
	_, query, _ := strings.Cut(target, "?")
	values, _ := url.ParseQuery(query)
	for _, ref := range slices.Concat(values["ref"], values["version"]) {
		if strings.HasPrefix(ref, "-") {
			return fmt.Errorf("%q: the ref %q begins with \"-\": git would take it for an option", target, ref)
		}
	}
	if !allowRemote {
		return fmt.Errorf("%q is fetched from elsewhere: this is refused without --allow-remote", target)
	}
	return nil
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
