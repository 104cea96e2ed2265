package templates

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Trigger says in which words pods and namespaces ask for injection. The zero value has Istio's: the label or the annotation
// Keys.Inject of a pod, "true" or "false". It must not be changed while it is in use.
type Trigger struct {
	// Pod lists where a pod asks for itself, label or annotation, in order of precedence. Default: label, annotation.
	Pod []Place `json:"pod,omitempty"`
	// Inject and Skip are the values that ask for injection and refuse it. Defaults: "true" and "false".
	Inject []string `json:"inject,omitempty"`
	Skip   []string `json:"skip,omitempty"`
	// Booleans takes every word that Go's strconv.ParseBool takes, in place of the two lists.
	Booleans bool `json:"booleans,omitempty"`
	// Ignore lists values that say as little as no value at all.
	Ignore []string `json:"ignore,omitempty"`
	// Invalid says what any other value does. Default: InvalidNamespace.
	Invalid Invalid `json:"invalid,omitempty"`
	// NamespaceAnnotation is the annotation, with the same values, by which a namespace asks for the pods in it that say
	// nothing. It counts where a namespace has not opted in by its label. Empty: there is none.
	NamespaceAnnotation string `json:"namespaceAnnotation,omitempty"`
	// HostNetwork injects pods in the network of their node too.
	HostNetwork bool `json:"hostNetwork,omitempty"`
}

// Place is where a pod asks for itself.
type Place string

// The places.
const (
	PlaceLabel      Place = "label"
	PlaceAnnotation Place = "annotation"
)

// Invalid is what a value does that neither asks for injection nor refuses it.
type Invalid string

const (
	// InvalidNamespace takes it for no value, with a warning: the namespace decides.
	InvalidNamespace Invalid = "namespace"
	// InvalidSkip skips the pod, with a warning.
	InvalidSkip Invalid = "skip"
	// InvalidRefuse is an error.
	InvalidRefuse Invalid = "refuse"
)

// Word is what a value of the trigger says.
type Word int

// The words.
const (
	Silent  Word = iota // nothing is said
	Unclear             // neither yes nor no
	Yes
	No
)

// Read returns what a value says.
func (t *Trigger) Read(value string) Word {
	switch yes, no := t.words(); {
	case slices.Contains(t.Ignore, value):
		return Silent
	case t.Booleans:
		said, err := strconv.ParseBool(value)
		if err != nil {
			return Unclear
		}
		if said {
			return Yes
		}
		return No
	case slices.Contains(yes, value):
		return Yes
	case slices.Contains(no, value):
		return No
	}
	return Unclear
}

// words are the values that inject and those that skip.
func (t *Trigger) words() (yes, no []string) {
	yes, no = t.Inject, t.Skip
	if len(yes) == 0 {
		yes = []string{"true"}
	}
	if len(no) == 0 {
		no = []string{"false"}
	}
	return yes, no
}

// Words returns the value to write for injection, and the one to write against it.
func (t *Trigger) Words() (yes, no string) {
	inject, skip := t.words()
	return inject[0], skip[0]
}

// Allowed says which values are known, for people: "true" or "false".
func (t *Trigger) Allowed() string {
	yes, no := t.words()
	var quoted []string
	for _, word := range slices.Concat(yes, no) {
		quoted = append(quoted, strconv.Quote(word))
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// Places returns where a pod asks for itself, in order of precedence. It must not be changed.
func (t *Trigger) Places() []Place {
	if len(t.Pod) == 0 {
		return bothPlaces
	}
	return t.Pod
}

var bothPlaces = []Place{PlaceLabel, PlaceAnnotation}

// wordCharacters are those that a value of the trigger may have, as a label may.
const wordCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// check returns what is wrong with the trigger.
func (t *Trigger) check() error {
	for i, place := range t.Pod {
		if !slices.Contains(bothPlaces, place) || slices.Index(t.Pod, place) < i {
			return fmt.Errorf("trigger.pod[%d]: %q is not allowed, want label and annotation, each at most once", i, place)
		}
	}
	if t.Booleans && len(t.Inject)+len(t.Skip) > 0 {
		return fmt.Errorf("trigger.booleans is set beside inject or skip, want either")
	}
	yes, no := t.words()
	for _, word := range yes {
		if slices.Contains(no, word) {
			return fmt.Errorf("trigger.inject and trigger.skip have both %q", word)
		}
	}
	for _, word := range slices.Concat(yes, no, t.Ignore) {
		if strings.Trim(word, wordCharacters) != "" {
			return fmt.Errorf("trigger: the value %q is not allowed, want letters, digits, \".\", \"_\" and \"-\"", word)
		}
	}
	known := []Invalid{"", InvalidNamespace, InvalidSkip, InvalidRefuse}
	if !slices.Contains(known, t.Invalid) {
		return fmt.Errorf("trigger.invalid: %q is not allowed, want namespace, skip or refuse", t.Invalid)
	}
	return nil
}

// skip is the function of templates that lets a pod in as it is.
func (p *Profile) skip(reason, text string) (string, error) {
	if _, known := p.Skips[reason]; !known {
		return "", fmt.Errorf("skip: the profile has no reason %q, want one of %s", reason, strings.Join(slices.Sorted(maps.Keys(p.Skips)), ", "))
	}
	return "", &SkipError{reason, text}
}
