package templates

import (
	"cmp"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/nulls"
)

// Input is one pod to inject.
type Input struct {
	// Pod is the pod as it came, decoded by apimachinery's util/json (integers are int64). It is not changed.
	Pod map[string]any
	// Namespace is what is known of the pod's namespace, its name at least.
	Namespace metav1.ObjectMeta
	// Path is what the URL said besides, by key; hooks of the profile may know keys.
	Path map[string]string
}

// Result is an injected pod.
type Result struct {
	// Pod is the injected pod. It shares nothing with the input.
	Pod map[string]any
	// Patch leads from the input's pod to Pod; nil if nothing changes. Its values are shared with Pod.
	Patch Patch
	// Templates are the names of the templates applied, in order.
	Templates []string
	// Containers are the names of the containers that the templates inject.
	Containers []string
	// Warnings are sentences for the pod's author about what was injected all the same.
	Warnings []string
}

// Inject applies the templates that the pod names, or the default ones, to the pod. Injecting the result again
// changes nothing.
//
// A container of the pod that has the name of an injected one is its user's override: it wins field by field, but
// for the image "auto", which stands for the injected image.
//
// Errors: *InputError if the pod asks for what cannot be given, *Error if a template fails (an *InputError in it says
// that the pod's author has to act), others if the pod is of a shape that cannot be merged.
func (e *Engine) Inject(input Input) (*Result, error) {
	if null := nulls.Find(input.Pod); null != "" {
		return nil, &InputError{Problem: null + " is null, which no element of a list can be"}
	}
	claimed, _ := Pod(input.Pod).Annotation(e.profile.Keys.Status)
	claims := readStatus(claimed)
	prepared := e.prepare(input, claims)
	if err := refuseDirectives(nil, prepared); err != nil {
		return nil, err
	}
	r, err := e.render(prepared, input, claims)
	if err != nil {
		return nil, err
	}
	if claims.keep(r.lists) { // the status listed what no template injects: that is the pod's own, and templates see it
		if r, err = e.render(prepared, input, claims); err != nil {
			return nil, err
		}
	}
	places := placesOf(r.pod, r.lists)
	overrides := takeOverrides(r.pod, r.lists)
	merged, err := mergeOverlays(r.pod, r.templates, r.overlays)
	if err != nil {
		return nil, err
	}
	if err := applyOverrides(merged, overrides, r.overlays); err != nil {
		return nil, err
	}
	injection := &Injection{Pod: merged, Data: r.data, Model: r.model, Overrides: overrides, Path: input.Path, Again: len(claims.Containers) > 0}
	if err := e.finish(injection, r); err != nil {
		return nil, err
	}
	now := status{Revision: e.revision, Templates: r.templates, Hash: r.hash(), Containers: map[string]marks{}}
	now.claim(merged, r.lists, overrides)
	if len(places) > 0 {
		now.Places = places.lostIn(withoutInjected(merged, now))
	}
	now.noteAuthor(claims.author(input.Pod, e.profile.Keys.Status), merged, r.lists, e.profile.Keys.Status)
	Pod(merged).Annotations()[e.profile.Keys.Status] = now.String()
	return &Result{Pod: merged, Patch: Diff(input.Pod, merged), Templates: r.templates, Containers: r.containers, Warnings: r.data.Warnings}, nil
}

// prepare returns a copy of the pod, after the profile has undone on it what it did to it before.
func (e *Engine) prepare(input Input, claims status) map[string]any {
	pod := runtime.DeepCopyJSON(input.Pod)
	if e.profile.Hooks.Prepare != nil {
		e.profile.Hooks.Prepare(Preparation{Pod: pod, Namespace: input.Namespace, Claimed: claims.names()})
	}
	return pod
}

// finish runs the hooks for a pod in which everything has been merged. It changes the pod.
func (e *Engine) finish(injection *Injection, r *rendering) error {
	hooks := &e.profile.Hooks
	if hooks.Finish != nil || hooks.Order != nil {
		injected, err := injectedNames(r.overlays)
		if err != nil {
			return err
		}
		injection.Injected = injected
	}
	if hooks.Finish != nil {
		if err := hooks.Finish(injection); err != nil {
			return err
		}
	}
	if hooks.Order != nil {
		hooks.Order(injection)
	} else {
		orderContainers(injection.Pod, r.containers)
	}
	return nil
}

// rendering is what the templates made for one pod.
type rendering struct {
	// pod is the pod as its author wrote it, perhaps the very one that render was given.
	pod   map[string]any
	data  *Data
	model any
	// templates and overlays are the templates applied, by name, and what each rendered.
	templates []string
	overlays  []*overlay
	// containers are the names of the containers injected, in order; lists says in which list each stands, of two the
	// first.
	containers []string
	lists      map[string]string
}

// render renders the templates that the pod names, or the default ones. The pod is not changed.
func (e *Engine) render(pod map[string]any, input Input, claims status) (*rendering, error) {
	r := &rendering{pod: withoutInjected(pod, claims), lists: map[string]string{}}
	var err error
	if r.data, err = e.newData(r.pod, input.Namespace); err != nil {
		return nil, err
	}
	chosen, err := e.choose(r.data.ObjectMeta.Annotations)
	if err != nil {
		return nil, err
	}
	r.model = r.data
	if e.profile.Hooks.Model != nil {
		if r.model, err = e.profile.Hooks.Model(r.data); err != nil {
			return nil, err
		}
	}
	for _, template := range chosen {
		rendered, err := template.render(r.model)
		if err != nil {
			return nil, err
		}
		r.overlays = append(r.overlays, rendered)
		r.templates = append(r.templates, template.name)
		for _, list := range containerLists {
			for _, name := range rendered.names[list] {
				if r.lists[name] == "" {
					r.containers = append(r.containers, name)
				}
				r.lists[name] = cmp.Or(r.lists[name], list)
			}
		}
	}
	return r, nil
}

// withoutInjected returns a copy of the pod in which the fields are gone that claims say an earlier injection set and
// that are as it set them; a container with nothing else goes as a whole. What is left of one stands where its author
// put it. Where nothing is claimed it returns the pod itself.
func withoutInjected(pod map[string]any, claims status) map[string]any {
	if len(claims.Containers) == 0 {
		return pod
	}
	bare := runtime.DeepCopyJSON(pod)
	mapContainers(bare, func(list string, container map[string]any) map[string]any {
		if claimed, ok := claims.of(list, nameOf(container)); ok {
			return withoutOwned(container, claimed)
		}
		return container
	})
	claims.Places.restore(bare, claims.names())
	return bare
}

// mergeOverlays merges the overlays onto the pod in order. It changes the pod, and never an overlay.
func mergeOverlays(pod map[string]any, names []string, overlays []*overlay) (map[string]any, error) {
	for i, o := range overlays {
		if len(o.pod) == 0 {
			continue
		}
		merged, err := mergeInto(pod, runtime.DeepCopyJSON(o.pod))
		if err != nil {
			return nil, fmt.Errorf("merge template %q: %w", names[i], err)
		}
		pod = merged
	}
	return pod, nil
}
