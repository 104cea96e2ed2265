package configuration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// folder returns the folder of a profile of one's own, "" for a built-in one.
func (f *Files) folder() string {
	if info, err := os.Stat(f.Profile); err == nil && info.IsDir() {
		return f.Profile
	}
	return ""
}

// readProfile fills in the profile and its sources.
func (f *Files) readProfile(ctx context.Context, in *Inputs) error {
	var err error
	switch folder := f.folder(); {
	case f.Profile == "":
	case folder != "":
		if in.Profile, err = ReadProfile(ctx, folder); err != nil {
			return err
		}
	default:
		if in.Config, err = withProfile(in.Config, f.Profile); err != nil {
			return fmt.Errorf("parse %s: %w", named(f.Config), err)
		}
	}
	in.Sources, err = f.readSources(ctx)
	return err
}

// withProfile returns the configuration with the name of a built-in profile.
func withProfile(config []byte, name string) ([]byte, error) {
	file, err := webhook.ParseFile(config)
	if err != nil {
		return nil, err
	}
	if file.Profile != "" && file.Profile != name {
		return nil, fmt.Errorf("--profile %q is no folder, and the configuration has the profile %q", name, file.Profile)
	}
	file.Profile = name
	return yaml.Marshal(file)
}

// ReadProfile reads the files of a profile from its folder, as one text for Inputs.Profile. A file has at most FileLimit
// bytes. It ends with ctx.
func ReadProfile(ctx context.Context, folder string) ([]byte, error) {
	found := map[string]string{}
	for _, pattern := range []string{"profile.yaml", "values.yaml", filepath.Join("templates", "*.yaml")} {
		paths, err := filepath.Glob(filepath.Join(escapeGlob(folder), pattern))
		if err != nil {
			return nil, fmt.Errorf("read --profile %q: %w", folder, err)
		}
		for _, path := range paths {
			text, err := files.Read(ctx, path, FileLimit)
			if err != nil {
				return nil, fmt.Errorf("read --profile %q: %w", folder, err)
			}
			name, err := filepath.Rel(folder, path)
			if err != nil {
				return nil, fmt.Errorf("read --profile %q: %w", folder, err)
			}
			found[filepath.ToSlash(name)] = string(text)
		}
	}
	return yaml.Marshal(found)
}

// ProfileIn is the profile in a folder. It ends with ctx.
func ProfileIn(ctx context.Context, folder string) (*templates.Profile, error) {
	text, err := ReadProfile(ctx, folder)
	if err != nil {
		return nil, err
	}
	profile, err := (&Inputs{Profile: text}).profile(webhook.ConfigFile{})
	if err != nil {
		return nil, fmt.Errorf("read --profile %q: %w", folder, err)
	}
	return profile, nil
}

// escapeGlob returns a path as a pattern that matches it alone.
func escapeGlob(path string) string {
	var escaped []rune
	for _, r := range path {
		switch r {
		case '*', '?', '[', '\\':
			escaped = append(escaped, '\\')
		}
		escaped = append(escaped, r)
	}
	return string(escaped)
}

// readSources returns the data of the ConfigMaps in the files, by name.
func (f *Files) readSources(ctx context.Context) (map[string]map[string]string, error) {
	if len(f.Sources) == 0 {
		return nil, nil
	}
	documents, err := (&manifest.Sources{Filenames: f.Sources}).Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read --source: %w", err)
	}
	found := map[string]map[string]string{}
	for i := range documents {
		object := documents[i].Object
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		data, _, err := unstructured.NestedStringMap(object, "data")
		if err != nil || object["kind"] != "ConfigMap" || name == "" {
			return nil, fmt.Errorf("read --source: %s: %v %q is no ConfigMap with data, as kubectl get configmap -o yaml writes it", &documents[i], object["kind"], name)
		}
		found[name] = data
	}
	return found, nil
}
