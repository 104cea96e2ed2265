package webhook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// ConfigFile is the form of the injection configuration, the key `config` of the ConfigMap, in YAML. Every field is
// optional. The names are Istio's where Istio has the setting.
type ConfigFile struct {
	// APIVersion and Kind say which form this is: sidecar-injector.github.io/v1alpha1, InjectionConfiguration. Left out, they
	// are those. What may change of a version is in docs/compatibility.md.
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	// Profile names the built-in profile to use (default: envoy), or the one that NewConfig was given.
	Profile string `json:"profile,omitempty"`
	// Policy says what happens to pods that say nothing, in namespaces that opted in: enabled (the default) injects
	// them, disabled does not.
	Policy string `json:"policy,omitempty"`
	// Default says what happens to pods about which neither they nor their namespace say anything: skip (the default) or
	// inject. It needs everyPod.
	Default string `json:"default,omitempty"`
	// EveryPod says that the webhook configuration has the entry for pods that say nothing, of every namespace: they are decided
	// by their namespace's annotation, if the profile has one, or by default. The chart takes it from here.
	EveryPod bool `json:"everyPod,omitempty"`
	// NamespaceLabel is the label, as key=value, that opts a namespace in. The webhook configuration selects by it, so
	// both have to change together: the chart takes it from here. Default: the profile's, istio-injection=enabled.
	NamespaceLabel string `json:"namespaceLabel,omitempty"`
	// OnError says what happens to a pod whose injection fails: deny (the default) refuses it, allow lets it in
	// without a sidecar and with a warning.
	OnError string `json:"onError,omitempty"`
	// MarkSkipped annotates a pod that asked, or whose namespace did, and gets no sidecar, with the reason. A policy can refuse
	// all others then that have none: the chart takes care of both (requireSidecar).
	MarkSkipped bool `json:"markSkipped,omitempty"`
	// Revision is the name of this injector. Default: default.
	Revision string `json:"revision,omitempty"`
	// RevisionTags are other names of this injector. Where several injectors are installed, a pod is the one's that its label
	// istio.io/rev names, or else its namespace's; the one named default, or with that tag, has those that name none.
	RevisionTags []string `json:"revisionTags,omitempty"`
	// Templates are laid over those of the profile, by name.
	Templates map[string]string `json:"templates,omitempty"`
	// DefaultTemplates are applied to pods that name none. Default: the profile's.
	DefaultTemplates []string `json:"defaultTemplates,omitempty"`
	// Aliases are names that pods may use for several templates.
	Aliases map[string][]string `json:"aliases,omitempty"`
	// NeverInjectSelector and AlwaysInjectSelector select pods of namespaces that opted in; a pod is concerned if one
	// selector of the list matches it. What a pod says itself comes before both.
	NeverInjectSelector  []metav1.LabelSelector `json:"neverInjectSelector,omitempty"`
	AlwaysInjectSelector []metav1.LabelSelector `json:"alwaysInjectSelector,omitempty"`
	// ExcludedNamespaces are never injected, besides kube-system, kube-public and kube-node-lease.
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty"`
	// AllowedNamespaces are the only ones whose pods are injected, if there are any.
	AllowedNamespaces []string `json:"allowedNamespaces,omitempty"`
	// PodPolicy says what pods may choose of their sidecars. Default: the profile's.
	PodPolicy templates.PodPolicy `json:"podPolicy,omitzero"`
}

// systemNamespaces are never injected: a sidecar in them can take the cluster down with it.
var systemNamespaces = []string{metav1.NamespaceSystem, metav1.NamespacePublic, "kube-node-lease"}

// Config is a parsed and checked configuration with its templates compiled. It is immutable and safe for concurrent
// use; create it with Parse.
type Config struct {
	engine      *templates.Engine
	policy      Policy
	onError     onError
	markSkipped bool
}

type onError string

const (
	onErrorDeny  onError = "deny"
	onErrorAllow onError = "allow"
)

// Parse reads a configuration and the values that override the profile's, both in YAML (or JSON); each may be empty.
// A text of blanks, comments or null, which may have lost what it said, is an error; {} means the defaults. Errors are *ConfigError.
func Parse(config, values []byte) (*Config, error) { return ParseWith(nil, config, values) }

// ParseWith is Parse with a profile, as NewConfig has it.
func ParseWith(profile *templates.Profile, config, values []byte) (*Config, error) {
	file, err := ParseFile(config)
	if err != nil {
		return nil, err
	}
	overrides, err := strictyaml.Object(values)
	if err != nil {
		return nil, configError(SourceValues, err)
	}
	parsed, err := NewConfig(profile, file, overrides)
	return parsed, locate(err, config, values)
}

// ParseFile reads a configuration, as Parse does, and checks its form: fields and types. Errors are *ConfigError.
func ParseFile(config []byte) (ConfigFile, error) {
	var file ConfigFile
	if err := strictyaml.Read(config, &file); err != nil {
		return ConfigFile{}, configError(SourceConfig, err)
	}
	return file, nil
}

// NewConfig makes a configuration of a profile, what a file lays over it, and values that override the profile's. With no
// profile it is the built-in one that the file names. No argument is changed; all must not be changed afterwards. Errors
// are *ConfigError without lines.
func NewConfig(profile *templates.Profile, file ConfigFile, values map[string]any) (*Config, error) {
	if profile == nil {
		builtin, err := file.BuiltinProfile()
		if err != nil {
			return nil, err
		}
		profile = builtin
	}
	if file.Profile != "" && file.Profile != profile.Name {
		return nil, badField("profile", "profile %q is another one than is given, want %q", file.Profile, profile.Name)
	}
	if err := file.checkVersion(); err != nil {
		return nil, err
	}
	policy, err := oneOf("policy", file.Policy)
	if err != nil {
		return nil, err
	}
	byDefault, err := oneOf("default", file.Default)
	if err != nil {
		return nil, err
	}
	if byDefault == "inject" && !file.EveryPod {
		return nil, badField("default", "default is inject, which needs everyPod: true")
	}
	whenFailing, err := oneOf("onError", file.OnError)
	if err != nil {
		return nil, err
	}
	profile, err = withNamespaceLabel(profile, file.NamespaceLabel)
	if err != nil {
		return nil, err
	}
	for i, name := range file.revisions() {
		if problems := validation.IsValidLabelValue(name); len(problems) > 0 {
			field := fmt.Sprintf("revisionTags[%d]", i-1)
			if i == 0 {
				field = "revision"
			}
			return nil, badField(field, "%s: %q is no label's value: %s", field, name, problems[0])
		}
	}
	never, err := selectors("neverInjectSelector", file.NeverInjectSelector)
	if err != nil {
		return nil, err
	}
	always, err := selectors("alwaysInjectSelector", file.AlwaysInjectSelector)
	if err != nil {
		return nil, err
	}
	engine, err := templates.New(templates.Options{
		Profile:          profile,
		Templates:        file.Templates,
		DefaultTemplates: file.DefaultTemplates,
		Aliases:          file.Aliases,
		Values:           values,
		Revision:         file.Revision,
		PodPolicy:        file.PodPolicy,
	})
	if err != nil {
		return nil, engineError(err, &file)
	}
	return &Config{engine: engine, onError: onError(whenFailing), markSkipped: file.MarkSkipped, policy: Policy{
		Keys:               profile.Keys,
		Trigger:            profile.Trigger,
		InjectByDefault:    byDefault == "inject",
		EveryPod:           file.EveryPod,
		Revisions:          file.revisions(),
		AllowedNamespaces:  file.AllowedNamespaces,
		OtherInjectors:     profile.OtherInjectors,
		Enabled:            policy == "enabled",
		ExcludedNamespaces: slices.Concat(systemNamespaces, file.ExcludedNamespaces),
		Never:              never,
		Always:             always,
	}}, nil
}

// revisions are all names of the injector, without doubles.
func (f *ConfigFile) revisions() []string {
	names := []string{cmp.Or(f.Revision, DefaultRevision)}
	for _, tag := range f.RevisionTags {
		if !slices.Contains(names, tag) {
			names = append(names, tag)
		}
	}
	return names
}

// BuiltinProfile returns the built-in profile that the file names, by default the default one. Errors are *ConfigError.
func (f *ConfigFile) BuiltinProfile() (*templates.Profile, error) {
	builtin, err := templates.BuiltinProfile(cmp.Or(f.Profile, templates.DefaultProfile))
	if err != nil {
		return nil, &ConfigError{Source: SourceConfig, Path: "profile", Err: fmt.Errorf("profile: %w", err)}
	}
	return builtin, nil
}

// withNamespaceLabel returns the profile with another label that opts namespaces in, or as it is for none. It does not
// change the profile.
func withNamespaceLabel(profile *templates.Profile, label string) (*templates.Profile, error) {
	if label == "" {
		return profile, nil
	}
	parsed, err := labels.ConvertSelectorToLabelsMap(label)
	if err != nil || len(parsed) != 1 {
		return nil, badField("namespaceLabel", "namespaceLabel %q is not allowed, want one label as key=value", label)
	}
	changed := *profile
	for key, value := range parsed {
		changed.Keys.NamespaceLabel, changed.Keys.NamespaceLabelValue = key, value
	}
	return &changed, nil
}

// checkVersion refuses a form of another version.
func (f *ConfigFile) checkVersion() error {
	if _, err := oneOf("apiVersion", f.APIVersion); err != nil {
		return err
	}
	_, err := oneOf("kind", f.Kind)
	return err
}

// Policy returns the policy of decisions. It must not be changed.
func (c *Config) Policy() *Policy { return &c.policy }

// Engine returns the engine that renders and merges.
func (c *Config) Engine() *templates.Engine { return c.engine }

// Choices returns the values that are allowed in the fields of a ConfigFile that have only some, by the field's name. Empty
// stands for the first of them.
func Choices() map[string][]string {
	return map[string][]string{
		"apiVersion": {"sidecar-injector.github.io/v1alpha1"},
		"kind":       {"InjectionConfiguration"},
		"policy":     {"enabled", "disabled"},
		"default":    {"skip", "inject"},
		"onError":    {string(onErrorDeny), string(onErrorAllow)},
	}
}

// oneOf checks a setting; empty gives the first one allowed.
func oneOf(field, value string) (string, error) {
	allowed := Choices()[field]
	if value == "" {
		return allowed[0], nil
	}
	for _, candidate := range allowed {
		if value == candidate {
			return value, nil
		}
	}
	return "", badField(field, "%s %q is not allowed, want one of %s", field, value, strings.Join(allowed, ", "))
}

var selectorOperators = []metav1.LabelSelectorOperator{
	metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist,
}

func selectors(field string, from []metav1.LabelSelector) ([]labels.Selector, error) {
	var all []labels.Selector
	for i := range from {
		path := fmt.Sprintf("%s[%d]", field, i)
		for at, expression := range from[i].MatchExpressions {
			if !slices.Contains(selectorOperators, expression.Operator) {
				return nil, badField(fmt.Sprintf("%s.matchExpressions[%d].operator", path, at),
					"%s: operator %q is not allowed, want one of In, NotIn, Exists, DoesNotExist", path, expression.Operator)
			}
		}
		selector, err := metav1.LabelSelectorAsSelector(&from[i])
		if err != nil {
			return nil, badField(path, "%s: %w", path, err)
		}
		if selector.Empty() {
			return nil, badField(path, "%s is empty and would match every pod, want matchLabels or matchExpressions", path)
		}
		all = append(all, selector)
	}
	return all, nil
}
