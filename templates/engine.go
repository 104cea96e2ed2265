package templates

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/utils/lru"
)

// Options configure an Engine.
type Options struct {
	// Profile gives the templates, values and keys. Nil means the built-in profile DefaultProfile.
	Profile *Profile
	// Templates are laid over those of the profile: a name that the profile has is replaced.
	Templates map[string]string
	// DefaultTemplates replaces the profile's list if it is not empty.
	DefaultTemplates []string
	// Aliases are laid over those of the profile.
	Aliases map[string][]string
	// Values are laid over the profile's (RFC 7386: maps merge, null removes). The engine reads one of them itself:
	// nativeSidecars, a boolean.
	Values map[string]any
	// Revision is the name of this injector; empty means "default".
	Revision string
	// PodPolicy says what pods may choose. Where it says nothing, the profile's does.
	PodPolicy PodPolicy
}

// OptionError says that an option of New cannot be used.
type OptionError struct {
	// Path is the option as configurations spell it: defaultTemplates, aliases and a name, or podPolicy and a setting.
	Path string
	// Err says why. An *Error in it is about a template that did not load.
	Err error
}

func (e *OptionError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionError) Unwrap() error { return e.Err }

// Engine injects pods. It is immutable and safe for concurrent use; create it with New.
type Engine struct {
	profile  *Profile
	defaults []string
	aliases  map[string][]string
	values   map[string]any
	revision string
	native   bool

	texts       map[string]string
	templates   map[string]*compiled
	quarantined map[string]error
	replicas    *replicas
	policy      *podPolicy
}

// New parses the templates and checks the options; errors are *ValueError or *OptionError. A template that does not parse
// is quarantined: that is an error only if a default or an alias uses it; a pod that names it is refused with the reason
// (Quarantined lists them). The options are not changed; the engine keeps references to what they hold, which must not
// change afterwards.
func New(options Options) (*Engine, error) {
	profile := options.Profile
	if profile == nil {
		builtin, err := BuiltinProfile(DefaultProfile)
		if err != nil {
			return nil, err
		}
		profile = builtin
	}
	values, err := mergeValues(profile.Values, options.Values, profile.OpenValues)
	if err != nil {
		return nil, err
	}
	if err := checkValueRules(profile.ValueRules, values); err != nil {
		return nil, err
	}
	e := &Engine{
		profile:     profile,
		defaults:    profile.DefaultTemplates,
		aliases:     merged(profile.Aliases, options.Aliases),
		values:      values,
		revision:    options.Revision,
		templates:   map[string]*compiled{},
		quarantined: map[string]error{},
		replicas:    &replicas{answers: lru.New(maxReplicated)},
	}
	if len(options.DefaultTemplates) > 0 {
		e.defaults = options.DefaultTemplates
	}
	if e.revision == "" {
		e.revision = "default"
	}
	e.native, _ = values["nativeSidecars"].(bool)
	e.texts = merged(profile.Templates, options.Templates)
	for name, text := range e.texts {
		if e.templates[name], err = compile(name, text, profile); err != nil {
			e.quarantined[name] = err
			delete(e.templates, name)
		}
	}
	if e.policy, err = e.newPodPolicy(options.PodPolicy); err != nil {
		return nil, err
	}
	return e, e.checkUses()
}

// merged returns a new map: base with over laid on it.
func merged[V any](base, over map[string]V) map[string]V {
	m := make(map[string]V, len(base)+len(over))
	maps.Copy(m, base)
	maps.Copy(m, over)
	return m
}

// checkUses checks that every template that a default or an alias names has loaded.
func (e *Engine) checkUses() error {
	if _, err := e.resolve(e.defaults); err != nil {
		return &OptionError{"defaultTemplates", err}
	}
	for _, alias := range slices.Sorted(maps.Keys(e.aliases)) {
		if _, err := e.resolve([]string{alias}); err != nil {
			return &OptionError{"aliases." + alias, err}
		}
	}
	return nil
}

// Profile returns the profile that the engine works with. It must not be changed.
func (e *Engine) Profile() *Profile { return e.profile }

// Revision is the name of the injector that injects with the engine.
func (e *Engine) Revision() string { return e.revision }

// Quarantined returns the templates that did not load, each with its reason. It must not be changed.
func (e *Engine) Quarantined() map[string]error { return e.quarantined }

// TemplatesOf returns the names of the templates for a pod with these annotations, aliases resolved, in order.
// The error is an *InputError that names those there are.
func (e *Engine) TemplatesOf(annotations map[string]string) ([]string, error) {
	chosen, err := e.choose(annotations)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(chosen))
	for i, c := range chosen {
		names[i] = c.name
	}
	return names, nil
}

func (e *Engine) choose(annotations map[string]string) ([]*compiled, error) {
	key := e.profile.Keys.Templates
	value, set := annotations[key]
	if !set {
		return e.resolve(e.defaults)
	}
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	chosen, err := e.resolve(names)
	if err != nil {
		return nil, &InputError{key, err.Error()}
	}
	return chosen, nil
}

// resolve turns names and aliases into templates, each once, in order.
func (e *Engine) resolve(names []string) ([]*compiled, error) {
	var chosen []*compiled
	for _, name := range names {
		targets, isAlias := e.aliases[name]
		if !isAlias {
			targets = []string{name}
		}
		for _, target := range targets {
			c, ok := e.templates[target]
			if reason, bad := e.quarantined[target]; bad {
				return nil, &loadError{target, reason}
			}
			if !ok {
				known := append(slices.Collect(maps.Keys(e.templates)), slices.Collect(maps.Keys(e.aliases))...)
				slices.Sort(known)
				return nil, fmt.Errorf("template %q does not exist: there are %s", target, strings.Join(slices.Compact(known), ", "))
			}
			if !slices.Contains(chosen, c) {
				chosen = append(chosen, c)
			}
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("no template is named")
	}
	return chosen, nil
}

// PodPolicy returns what pods may choose, with what the profile says where the options said nothing. It must not be changed.
func (e *Engine) PodPolicy() PodPolicy { return e.policy.PodPolicy }

// Aliases returns what each alias stands for. It must not be changed.
func (e *Engine) Aliases() map[string][]string { return e.aliases }

// Texts returns the text of every template, by name. It must not be changed.
func (e *Engine) Texts() map[string]string { return e.texts }
