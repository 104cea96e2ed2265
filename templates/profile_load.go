package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// The files of a profile.
const (
	profileFile     = "profile.yaml"
	valuesFile      = "values.yaml"
	templatesFolder = "templates"
)

// LoadProfile reads a profile from its folder: profile.yaml describes it, values.yaml, which may be missing, has the default
// values, and templates/NAME.yaml is the template NAME. An error names the file, its line and field.
func LoadProfile(folder fs.FS) (*Profile, error) {
	names, err := fs.Glob(folder, path.Join(templatesFolder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the templates: %w", err)
	}
	files := map[string]string{}
	for _, name := range append(names, profileFile, valuesFile) {
		text, err := fs.ReadFile(folder, name)
		if name == valuesFile && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	return ParseProfile(files)
}

// ParseProfile is LoadProfile of files by their names in the folder, such as those that a ConfigMap holds; there, a key
// NAME.yaml beside profile.yaml and values.yaml is a template too, since keys have no folders. The files are not changed.
func ParseProfile(files map[string]string) (*Profile, error) {
	description, ok := files[profileFile]
	if !ok {
		return nil, fmt.Errorf("there is no %s, which describes a profile", profileFile)
	}
	profile := &Profile{Templates: map[string]string{}, Values: map[string]any{}}
	if err := strictyaml.Read([]byte(description), profile); err != nil {
		return nil, fmt.Errorf("%s: %w", profileFile, err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		switch template, ok := strings.CutSuffix(path.Base(name), ".yaml"); {
		case name == profileFile:
		case name == valuesFile:
			values, err := strictyaml.Object([]byte(text))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			profile.Values = values
		case !ok:
			return nil, fmt.Errorf("%q is no file of a profile, want %s, %s and templates as NAME.yaml", name, profileFile, valuesFile)
		default:
			profile.Templates[template] = text
		}
	}
	if err := profile.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", profileFile, err)
	}
	return profile, nil
}

// check returns what a profile lacks.
func (p *Profile) check() error {
	switch {
	case p.Name == "":
		return errors.New("name is empty, want the profile's name")
	case p.Keys.Status == "":
		return errors.New("keys.status is empty, want an annotation of the profile's own, in which injections are recorded")
	case p.Keys.Inject == "":
		return errors.New("keys.inject is empty, want the label or annotation that asks for injection")
	case p.Keys.NamespaceLabel == "" || p.Keys.NamespaceLabelValue == "":
		return errors.New("keys.namespaceLabel or keys.namespaceLabelValue is empty, want the label that opts a namespace in")
	case len(p.DefaultTemplates) == 0:
		return errors.New("defaultTemplates is empty, want the templates of pods that name none")
	}
	keys := map[string]string{"inject": p.Keys.Inject, "namespaceLabel": p.Keys.NamespaceLabel, "status": p.Keys.Status}
	if p.Keys.Revision != "" {
		keys["revision"] = p.Keys.Revision
	}
	for field, key := range keys {
		if problems := content.IsLabelKey(key); len(problems) > 0 {
			return fmt.Errorf("keys.%s: %q is not allowed: %s", field, key, problems[0])
		}
	}
	for i := range p.Sources {
		if err := p.Sources[i].check(); err != nil {
			return fmt.Errorf("sources[%d]: %w", i, err)
		}
	}
	return p.Trigger.check()
}
