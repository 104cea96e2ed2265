package templates

import (
	"cmp"
	"errors"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// Done, once it is closed, ends the injection with ErrEnded: nobody waits for it any more. Nil: it is never ended.
	Done <-chan struct{}
}

// ErrEnded says that an injection was ended by Input.Done.
var ErrEnded = errors.New("nobody waits for the answer any more")

// ended returns ErrEnded once the injection is to end.
func (i *Input) ended() error {
	select {
	case <-i.Done:
		return ErrEnded
	default:
		return nil
	}
}

// Result is an injected pod.
type Result struct {
	// Pod is the injected pod. It shares values with the input's and with other results: it must not be changed.
	Pod map[string]any
	// Patch leads from the input's pod to Pod; nil if nothing changes. Its values are shared with Pod.
	Patch Patch
	// Templates are the names of the templates applied, in order.
	Templates []string
	// Containers are the names of the containers that the templates inject.
	Containers []string
	// Warnings are sentences for the pod's author about what works otherwise than it was probably meant.
	Warnings []string
}

// Inject applies the templates that the pod names, or the default ones, to the pod. Injecting the result again
// changes nothing.
//
// A container of the pod that has the name of an injected one is its author's override: it wins field by field, but for
// the image "auto", which stands for the injected image, and for values that the API server fills in, which stand for
// injected ones.
//
// Errors: *InputError if the pod asks for what cannot be given, *Error if a template fails (an *InputError in it says
// that the pod's author has to act), ErrEnded.
func (e *Engine) Inject(input Input) (*Result, error) {
	key := e.profile.Keys.Status
	before, r, err := e.renderFor(input)
	if err != nil {
		return nil, err
	}
	if err := input.ended(); err != nil {
		return nil, err
	}
	author := Pod(before.author(input.Pod, key))
	pod, overrides, err := r.merge(author)
	if err != nil {
		return nil, err
	}
	rules := e.newSubject(input, before, r, overrides)
	injection := &Injection{Pod: rules.leaveToPod(pod, author), Data: r.data, Model: r.model, Overrides: overrides, Path: input.Path, Again: len(before.Containers) > 0}
	if pod, err = e.finish(injection, r); err != nil {
		return nil, err
	}
	if err := input.ended(); err != nil {
		return nil, err
	}
	now := status{Revision: e.revision, Templates: r.templates, Hash: r.hash(), Containers: map[string]ownedFields{}}
	now.ownContainers(pod, r.lists, overrides)
	now.noteAuthor(author, pod, r.lists, key)
	pod = pod.withAnnotation(key, now.String())
	warnings, err := rules.check(pod)
	if err != nil {
		return nil, err
	}
	unchosen := sync.OnceValue(func() *rendering { return e.withoutChoices(author, r.lists, input) })
	if err := e.policy.checkContainers(rules, r, unchosen); err != nil {
		return nil, err
	}
	if parted := rules.handover(); parted != nil {
		return nil, rules.refuse(parted)
	}
	if before.injected() {
		pod = keepDerived(pod, input.Pod, r.lists)
	}
	if err := input.ended(); err != nil {
		return nil, err
	}
	return &Result{Pod: pod, Patch: Diff(input.Pod, pod), Templates: r.templates, Containers: r.containers, Warnings: append(r.data.Warnings, warnings...)}, nil
}

// renderFor renders the templates for a pod, injected already or not, and returns what its status annotation says of
// the injection before, of those containers that the templates inject.
func (e *Engine) renderFor(input Input) (before status, r *rendering, err error) {
	if null := nulls.Find(input.Pod); null != "" {
		return before, nil, &InputError{Problem: null + " is null, which no element of a list can be"}
	}
	annotation, _ := Pod(input.Pod).Annotation(e.profile.Keys.Status)
	before = readStatus(annotation)
	prepared := e.prepare(input, before)
	if err := refuseDirectives(prepared); err != nil {
		return before, nil, err
	}
	if err := e.checkAnnotations(prepared, input); err != nil {
		return before, nil, err
	}
	if before.injected() { // what a forged status brings back counts too
		if err := e.checkAnnotations(e.authorsPod(prepared, prepared, before), input); err != nil {
			return before, nil, err
		}
	}
	r, err = e.render(prepared, input, before)
	if err == nil && before.keep(r.lists) { // it listed what no template injects: that is the pod's own, and templates see it
		r, err = e.render(prepared, input, before)
	}
	return before, r, err
}

// annotationsOf returns the annotations of a pod; what is no text is left out.
func annotationsOf(pod Pod) map[string]string {
	annotations := map[string]string{}
	for key, value := range asObject(valueAt(pod, "metadata.annotations")) {
		if text, ok := value.(string); ok {
			annotations[key] = text
		}
	}
	return annotations
}

// merge returns the pod with everything merged that the templates and its author say, and what the author says of
// containers that the templates inject, by name. author is the pod without what an earlier injection put there. Nothing
// is changed.
func (r *rendering) merge(author Pod) (pod Pod, overrides map[string]map[string]any, err error) {
	pod, overrides = takeOverrides(r)
	if pod, err = mergeOverlays(pod, r.templates, r.overlays); err != nil {
		return nil, nil, err
	}
	pod = keepSources(pod, author)
	if pod, err = applyOverrides(pod, overrides); err != nil {
		return nil, nil, err
	}
	return pod, overrides, nil
}

// prepare returns the pod after the profile has undone what it did to it before. The input's is not changed.
func (e *Engine) prepare(input Input, before status) Pod {
	if e.profile.Hooks.Prepare == nil {
		return input.Pod
	}
	lost := func(name string) map[string]any { return before.Overrides[name] }
	return e.profile.Hooks.Prepare(Preparation{Pod: input.Pod, Namespace: input.Namespace, Recorded: before.names(), Lost: lost})
}

// finish returns the pod of the injection after the hooks, which follow the merge, and with its containers in order.
// That of the injection is not changed; the hooks get a copy.
func (e *Engine) finish(injection *Injection, r *rendering) (Pod, error) {
	hooks := &e.profile.Hooks
	if hooks.Finish == nil && hooks.Order == nil {
		return orderContainers(injection.Pod, r.containers, r.overlays), nil
	}
	var err error
	if injection.Injected, err = injectedNames(r.overlays); err != nil {
		return nil, err
	}
	injection.Pod = injection.Pod.Editable()
	if hooks.Finish != nil {
		if err := hooks.Finish(injection); err != nil {
			return nil, err
		}
	}
	if hooks.Order == nil {
		return orderContainers(injection.Pod, r.containers, r.overlays), nil
	}
	hooks.Order(injection)
	return injection.Pod, nil
}

// rendering is what the templates made for one pod.
type rendering struct {
	// pod is the pod as its author wrote it, perhaps the very one that render was given.
	pod   Pod
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
func (e *Engine) render(pod Pod, input Input, before status) (*rendering, error) {
	r := &rendering{pod: withoutInjected(pod, before), lists: map[string]string{}}
	var err error
	if r.data, err = e.newData(e.authorsPod(pod, r.pod, before), input.Namespace); err != nil {
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
		rendered, err := template.render(r.model, input.Done)
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

// authorsPod returns the pod as templates see it: as its author wrote it. bare is the pod without the fields of injected
// containers, and what they see where a profile undoes by itself what it did to the rest. Nothing is changed.
func (e *Engine) authorsPod(pod, bare Pod, before status) Pod {
	if e.profile.Hooks.Prepare != nil || !before.injected() {
		return bare
	}
	return before.author(pod, e.profile.Keys.Status)
}

// withoutInjected returns the pod without the fields that the injection before set in containers and that are as it set
// them; an injected container with nothing else goes as a whole, and one that was changed has what its author wrote there.
// What is left of one stands where its author put it. The pod is not changed.
func withoutInjected(pod Pod, before status) Pod {
	if !before.injected() {
		return pod
	}
	bare := pod.mapContainers(before.withoutOwned)
	before.restorePositions(bare) // which writes to the spec alone, a copy
	return before.withoutChanges(bare)
}

// mergeOverlays returns the pod with the overlays of the templates of these names merged over it, in order. Nothing is
// changed.
func mergeOverlays(pod Pod, names []string, overlays []*overlay) (Pod, error) {
	for i, o := range overlays {
		merged, err := mergePod(pod, o.pod)
		if wrong, ok := errors.AsType[*podError](err); ok {
			return nil, &InputError{Problem: "pod field " + wrong.Error()}
		}
		if err != nil {
			return nil, &Error{Template: names[i], Err: err}
		}
		pod = merged
	}
	return pod, nil
}
