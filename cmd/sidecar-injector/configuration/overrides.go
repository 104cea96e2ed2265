package configuration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
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

// Validate reports the first text of Set that is no key and value.
func (o *Overrides) Validate() error {
	for _, text := range o.Set {
		if _, err := setting(text); err != nil {
			return fmt.Errorf("--set %q: %w", text, err)
		}
	}
	return nil
}

// Apply lays them over a configuration and parses it. The inputs are not changed.
func (o *Overrides) Apply(in *Inputs) (*webhook.Config, error) {
	changed, err := o.over(in)
	if err != nil {
		return nil, err
	}
	return changed.Parse()
}

// Read is Apply that injects no pod (Inputs.Read).
func (o *Overrides) Read(in *Inputs) (*webhook.Config, error) {
	changed, err := o.over(in)
	if err != nil {
		return nil, err
	}
	return changed.Read()
}

// over lays them over inputs, which are not changed.
func (o *Overrides) over(in *Inputs) (*Inputs, error) {
	changed := *in
	changed.written = in.origin()
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
	return &changed, nil
}

// parse is Apply with errors that name the files that the inputs come from, if any, and what is laid over them.
func (o *Overrides) parse(in *Inputs, files ...string) (*webhook.Config, error) {
	config, err := o.Apply(in)
	from := named(files...)
	var flag *flagError
	if err == nil || from == "" || errors.As(err, &flag) {
		return config, err
	}
	if len(o.Set) > 0 {
		from += " and --set"
	}
	if len(o.Templates) > 0 {
		from += " and --template"
	}
	return nil, fmt.Errorf("parse %s: %w", from, err)
}

// flagError is an error in a flag rather than in what it is laid over.
type flagError struct{ err error }

func (e *flagError) Error() string { return e.err.Error() }
func (e *flagError) Unwrap() error { return e.err }

// set lays the values over those of the inputs: Istio's, if there are such.
func (o *Overrides) set(in *Inputs) error {
	// Our values are laid over the profile's, so that a null has to stay in them: it takes the profile's away.
	values, read, merge := &in.Values, strictyaml.ToJSON, jsonpatch.MergeMergePatches
	if in.Istio != nil {
		sources := *in.Istio
		in.Istio, values, read, merge = &sources, &sources.Values, yaml.YAMLToJSON, jsonpatch.MergePatch
	}
	for _, text := range o.Set {
		patch, err := setting(text)
		if err != nil {
			return &flagError{fmt.Errorf("--set %q: %w", text, err)}
		}
		base, err := read(*values)
		if string(base) == "null" {
			base = []byte("{}")
		}
		if err != nil || !bytes.HasPrefix(base, []byte("{")) { // no values, as Parse will say
			return nil
		}
		if *values, err = merge(base, patch); err != nil {
			return &webhook.ConfigError{Source: webhook.SourceValues, Err: fmt.Errorf("lay --set over them: %w", err)}
		}
	}
	return nil
}

// anotherPair is a second key=value behind a comma, as Helm takes it.
var anotherPair = regexp.MustCompile(`,\s*[A-Za-z][\w.\\-]*=`)

// setting makes key.key=value a merge patch. A dot in a key is written \.
func setting(text string) ([]byte, error) {
	path, value, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return nil, errors.New("want key=value, such as proxy.logLevel=debug")
	}
	var patch any
	if err := yaml.UnmarshalStrict([]byte(value), &patch); err != nil {
		return nil, fmt.Errorf("the value is no YAML: %s", strings.TrimPrefix(err.Error(), "error converting YAML to JSON: yaml: "))
	}
	switch _, isText := patch.(string); {
	case strings.Contains(path, "["):
		return nil, errors.New("an element of a list cannot be set, only the list: key=[a, b]")
	case isText && anotherPair.MatchString(value) && !strings.ContainsAny(value[:1], `"'`):
		return nil, errors.New("want one key=value: repeat --set for another, or put a value with a comma and an equals sign in quotes")
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

// lay puts the templates of the files into the configuration: first in place of those of their names, so that one may replace
// what does not load, then the others after the default ones.
func (o *Overrides) lay(in *Inputs) error {
	file, err := webhook.ParseFile(in.Config)
	if err != nil {
		return err
	}
	own := file.Templates
	file.Templates = maps.Clone(own)
	if file.Templates == nil {
		file.Templates = map[string]string{}
	}
	var names []string
	for _, path := range o.Templates {
		text, err := readFlagFile("--template", path)
		if err != nil {
			return &flagError{err}
		}
		name := TemplateName(path)
		file.Templates[name] = string(text)
		names = append(names, name)
	}
	if in.Config, err = yaml.Marshal(file); err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	before, err := in.Read()
	if err != nil {
		return err
	}
	profile := before.Engine().Profile()
	if len(file.DefaultTemplates) == 0 {
		file.DefaultTemplates = slices.Clone(profile.DefaultTemplates)
	}
	for _, name := range names {
		_, ofProfile := profile.Templates[name]
		_, ofConfig := own[name]
		if !ofProfile && !ofConfig && !slices.Contains(file.DefaultTemplates, name) {
			file.DefaultTemplates = append(file.DefaultTemplates, name)
		}
	}
	if in.Config, err = yaml.Marshal(file); err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	return nil
}

// TemplateName is the name of the template in a file: the file's without its extension.
func TemplateName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
