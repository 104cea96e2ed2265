package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// PodPolicy says what pods may choose of their sidecars. A list that is nil allows everything, one that is empty nothing.
type PodPolicy struct {
	// AllowedImages are the images that a pod may choose for injected containers, by annotation or by a container of its
	// own that overrides an injected one: "ghcr.io" allows a registry, "ghcr.io/my-org" what is below that path,
	// "ghcr.io/my-org/envoy:v1" one image, "*" any. The repositories of the images that the configuration itself names are
	// always allowed. Nil: any image, but for containers that are protected, which have the configuration's.
	AllowedImages []string `json:"allowedImages,omitempty"`
	// AllowedInterceptionModes are the modes of the redirection that a pod may ask for, such as REDIRECT and TPROXY.
	AllowedInterceptionModes []string `json:"allowedInterceptionModes,omitempty"`
	// AllowedAnnotations are the annotations by which a pod may say more than that it is to be injected; "*" at the end of
	// a key stands for the rest of it.
	AllowedAnnotations []string `json:"allowedAnnotations,omitempty"`
	// PrivilegedContainers says what a pod may do with injected containers that the templates give capabilities or make
	// privileged: PrivilegedProtected lets it neither choose their image nor what they run in any other way,
	// PrivilegedOpen does. Empty: the profile's.
	PrivilegedContainers string `json:"privilegedContainers,omitempty"`
}

// The values of PodPolicy.PrivilegedContainers.
const (
	PrivilegedProtected = "protected"
	PrivilegedOpen      = "open"
)

// over returns the policy with the settings of a profile where it says nothing.
func (p PodPolicy) over(profile PodPolicy) PodPolicy {
	if p.AllowedImages == nil {
		p.AllowedImages = profile.AllowedImages
	}
	if p.AllowedInterceptionModes == nil {
		p.AllowedInterceptionModes = profile.AllowedInterceptionModes
	}
	if p.AllowedAnnotations == nil {
		p.AllowedAnnotations = profile.AllowedAnnotations
	}
	if p.PrivilegedContainers == "" {
		p.PrivilegedContainers = profile.PrivilegedContainers
	}
	return p
}

// podPolicy is a policy that has been checked.
type podPolicy struct {
	PodPolicy
	images []imagePattern
	// own is what the templates give a pod that asks for nothing. It is found when it is first needed.
	own func() ownChoices
}

// ownChoices are what the templates choose by themselves.
type ownChoices struct {
	images       map[string]bool
	repositories []string
	annotations  map[string]any
}

// newPodPolicy checks a policy. Errors are *OptionError.
func (e *Engine) newPodPolicy(policy PodPolicy) (*podPolicy, error) {
	p := &podPolicy{PodPolicy: policy.over(e.profile.PodPolicy), own: sync.OnceValue(e.ownChoices)}
	for i, text := range p.AllowedImages {
		pattern, err := parseImagePattern(text)
		if err != nil {
			return nil, &OptionError{fmt.Sprintf("podPolicy.allowedImages[%d]", i), fmt.Errorf("%q is not allowed: %w", text, err)}
		}
		p.images = append(p.images, pattern)
	}
	for i, mode := range p.AllowedInterceptionModes {
		if modes := e.profile.Redirect.Modes; !slices.Contains(modes, mode) {
			return nil, &OptionError{fmt.Sprintf("podPolicy.allowedInterceptionModes[%d]", i), fmt.Errorf("%q is not allowed, want one of %s", mode, strings.Join(modes, ", "))}
		}
	}
	for i, key := range p.AllowedAnnotations {
		if key != "*" && !slices.ContainsFunc(e.profile.Annotations, func(known string) bool { return matchesKey(known, key) || matchesKey(key, known) }) {
			return nil, &OptionError{fmt.Sprintf("podPolicy.allowedAnnotations[%d]", i), fmt.Errorf("%q is no annotation of this profile, which knows %s", key, strings.Join(e.profile.Annotations, ", "))}
		}
	}
	if allowed := []string{PrivilegedProtected, PrivilegedOpen}; p.PrivilegedContainers != "" && !slices.Contains(allowed, p.PrivilegedContainers) {
		return nil, &OptionError{"podPolicy.privilegedContainers", fmt.Errorf("%q is not allowed, want one of %s", p.PrivilegedContainers, strings.Join(allowed, ", "))}
	}
	return p, nil
}

// matchesKey says whether a key is the pattern, or begins with what stands before the "*" at its end.
func matchesKey(pattern, key string) bool {
	if start, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(key, start)
	}
	return key == pattern
}

// ownChoices renders every template for a pod that asks for nothing. A template that fails there, such as one that needs a
// label, chooses nothing by itself that could be known before there is a pod.
func (e *Engine) ownChoices() ownChoices {
	found := ownChoices{images: map[string]bool{}, annotations: map[string]any{}}
	note := func(text string) {
		if image, ok := parseImage(text); ok {
			found.images[text] = true
			found.repositories = append(found.repositories, image.repository)
		}
	}
	for _, rule := range e.profile.ValueRules {
		for _, path := range rule.Values {
			if rule.Is == "image" {
				note(textAt(e.values, path))
			}
		}
	}
	bare := Pod{"metadata": map[string]any{}, "spec": map[string]any{"containers": []any{map[string]any{"name": "application", "image": "application"}}}}
	for name := range e.templates {
		if key := e.profile.Keys.Templates; key != "" {
			bare["metadata"] = map[string]any{"annotations": map[string]any{key: name}}
		}
		r, err := e.render(bare, Input{Pod: bare}, status{})
		if err != nil {
			continue
		}
		for image := range r.images() {
			note(image)
		}
		for _, o := range r.overlays {
			for key, value := range asObject(valueAt(o.pod, "metadata.annotations")) {
				found.annotations[key] = value
			}
		}
	}
	slices.Sort(found.repositories)
	found.repositories = slices.Compact(found.repositories)
	return found
}

// withoutChoices renders the templates for an author's pod with neither annotations, its namespace's included, nor overrides
// of injected containers, which lists names: a template may choose by name and labels of pod and namespace. It is nil where
// they fail.
func (e *Engine) withoutChoices(author Pod, lists map[string]string, input Input) *rendering {
	annotations := map[string]any{}
	if key := e.profile.Keys.Templates; key != "" {
		if said, ok := author.Annotation(key); ok {
			annotations[key] = said
		}
	}
	metadata := map[string]any{}
	maps.Copy(metadata, asObject(author["metadata"]))
	metadata["annotations"] = annotations
	bare := author.mapContainers(func(_ string, container map[string]any) map[string]any {
		if lists[nameOf(container)] != "" {
			return nil
		}
		return container
	})
	bare["metadata"] = metadata
	input.Pod, input.Namespace.Annotations = bare, nil
	r, err := e.render(bare, input, status{})
	if err != nil {
		return nil
	}
	return r
}

// images returns those of the containers that the templates made; of nil none.
func (r *rendering) images() map[string]bool {
	images := map[string]bool{}
	if r == nil {
		return images
	}
	for _, o := range r.overlays {
		for _, container := range Pod(o.pod).All() {
			if image := textAt(container, "image"); image != "" {
				images[image] = true
			}
		}
	}
	return images
}

// checkAnnotations returns an *InputError about the first annotation of a pod, inherited ones included and in alphabetical
// order, that the policy does not leave to pods.
func (e *Engine) checkAnnotations(pod Pod, input Input) error {
	p, profile := e.policy, e.profile
	if p.AllowedAnnotations == nil && p.AllowedInterceptionModes == nil {
		return nil
	}
	annotations := e.inherit(annotationsOf(pod), input.Namespace.Annotations)
	said := func(key string) bool {
		value, set := annotations[key]
		return set && value != p.own().annotations[key] // which a pod that was injected has
	}
	if p.AllowedAnnotations != nil {
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			if !profile.opensPod(key) || slices.ContainsFunc(p.AllowedAnnotations, func(open string) bool { return matchesKey(open, key) }) || !said(key) {
				continue
			}
			return &InputError{key, "is not allowed here: " + allowedText("podPolicy.allowedAnnotations", p.AllowedAnnotations)}
		}
	}
	if p.AllowedInterceptionModes == nil {
		return nil
	}
	key, mode := profile.askedMode(annotations)
	if key == "" || slices.Contains(p.AllowedInterceptionModes, mode) || !slices.Contains(profile.Redirect.Modes, mode) || !said(key) {
		return nil
	}
	return &InputError{key, fmt.Sprintf("the interception mode %q is not allowed here: %s", mode, allowedText("podPolicy.allowedInterceptionModes", p.AllowedInterceptionModes))}
}

// opensPod says whether an annotation is one of those by which a pod says how it is injected.
func (p *Profile) opensPod(key string) bool {
	if key == p.Keys.Inject || key == p.Keys.Status || slices.Contains(p.Records, key) {
		return false
	}
	return slices.ContainsFunc(p.Annotations, func(known string) bool { return matchesKey(known, key) })
}

// askedMode returns the interception mode that annotations ask for, and the one that does; empty if none does.
func (p *Profile) askedMode(annotations map[string]string) (key, mode string) {
	if mode, set := annotations[p.Redirect.ModeAnnotation]; set {
		return p.Redirect.ModeAnnotation, mode
	}
	if p.Hooks.AskedMode != nil {
		return p.Hooks.AskedMode(annotations)
	}
	return "", ""
}

// allowedText says what a setting of the policy allows.
func allowedText(setting string, allowed []string) string {
	if len(allowed) == 0 {
		return setting + " allows none"
	}
	return setting + " allows " + strings.Join(allowed, ", ")
}
