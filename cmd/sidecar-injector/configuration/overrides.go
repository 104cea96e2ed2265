package configuration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Overrides are laid over a configuration, wherever it comes from. The zero value changes nothing.
type Overrides struct {
	// Set are values as key.key=value, the value in YAML. The later ones win.
	Set []string
	// Templates are files with templates, each of the file's name without its extension. One takes the place of a template
	// of its name; if there is none, it is applied after the default templates.
	Templates []string
}

// Apply lays them over a configuration. The inputs are not changed.
func (o *Overrides) Apply(in *Inputs) (*webhook.Config, error) {
	changed := *in
	if len(o.Set) > 0 {
		if err := o.set(&changed); err != nil {
			return nil, err
		}
	}
	if len(o.Templates) > 0 {
		if err := o.lay(&changed); err != nil {
			return nil, err
		}
	}
	return changed.Parse()
}

// parse is Apply with errors that name the files that the inputs come from, if any.
func (o *Overrides) parse(in *Inputs, files string) (*webhook.Config, error) {
	config, err := o.Apply(in)
	var flag *flagError
	if err == nil || files == "" || errors.As(err, &flag) {
		return config, err
	}
	return nil, fmt.Errorf("parse %s: %w", files, err)
}

// flagError is an error in a flag rather than in what it is laid over.
type flagError struct{ err error }

func (e *flagError) Error() string { return e.err.Error() }
func (e *flagError) Unwrap() error { return e.err }

// set lays the values over those of the inputs: Istio's, if there are such.
func (o *Overrides) set(in *Inputs) error {
	values := &in.Values
	if in.Istio != nil {
		sources := *in.Istio
		in.Istio, values = &sources, &sources.Values
	}
	for _, text := range o.Set {
		patch, err := setting(text)
		if err != nil {
			return &flagError{fmt.Errorf("--set %q: %w", text, err)}
		}
		base, err := yaml.YAMLToJSON(*values)
		if err != nil {
			return fmt.Errorf("values: %w", err)
		}
		if string(base) == "null" {
			base = []byte("{}")
		}
		if *values, err = jsonpatch.MergePatch(base, patch); err != nil {
			return fmt.Errorf("values: %w", err)
		}
	}
	return nil
}

// setting makes key.key=value a merge patch. A dot in a key is written \.
func setting(text string) ([]byte, error) {
	path, value, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return nil, errors.New("want key=value, such as proxy.logLevel=debug")
	}
	var patch any
	if err := yaml.UnmarshalStrict([]byte(value), &patch); err != nil {
		return nil, fmt.Errorf("the value is no YAML: %w", err)
	}
	const dot = "\x00"
	keys := strings.Split(strings.ReplaceAll(path, `\.`, dot), ".")
	for _, key := range slices.Backward(keys) {
		if key == "" {
			return nil, errors.New("a key between the dots is empty")
		}
		patch = map[string]any{strings.ReplaceAll(key, dot, "."): patch}
	}
	return json.Marshal(patch)
}

// lay puts the templates of the files into the configuration.
func (o *Overrides) lay(in *Inputs) error {
	before, err := in.Parse()
	if err != nil {
		return err
	}
	file, err := webhook.ParseFile(in.Config)
	if err != nil {
		return err
	}
	known := before.Engine().Profile().Templates
	if len(file.DefaultTemplates) == 0 {
		file.DefaultTemplates = slices.Clone(before.Engine().Profile().DefaultTemplates)
	}
	laid := map[string]string{}
	for name, text := range file.Templates {
		laid[name] = text
	}
	for _, path := range o.Templates {
		text, err := os.ReadFile(path)
		if err != nil {
			return &flagError{fmt.Errorf("--template: %w", err)}
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if _, there := known[name]; !there && laid[name] == "" {
			file.DefaultTemplates = append(file.DefaultTemplates, name)
		}
		laid[name] = string(text)
	}
	file.Templates = laid
	if in.Config, err = yaml.Marshal(file); err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	return nil
}
