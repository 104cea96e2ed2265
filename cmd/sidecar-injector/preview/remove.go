package preview

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// Decisions about the removal of an injection, and their reasons.
const (
	decisionRemove  = "remove"
	decisionSkip    = "skip"
	reasonOurs      = "injected_by_sidecar_injector"
	reasonIstio     = "injected_by_istio"
	reasonForeign   = "injected_by_other"
	reasonUntouched = "not_injected"
)

// RemoverOptions configure a Previewer of removals.
type RemoverOptions struct {
	// Namespace is where objects go that name none, for messages. Default: "default".
	Namespace string
	// StatusKeys are the status annotations of profiles that are not built in.
	StatusKeys []string
	// Full shows in a diff what is packed in a workload; otherwise only its size and hash.
	Full bool
	// Fold shows in a diff the status annotation, and long texts that go, by size and hash too, unless Full is set.
	Fold bool
	// Answered, if it is set, is called when Print has answered one more document; at once by several goroutines.
	Answered func()
}

// NewRemover returns a Previewer that shows workloads without what an injection has put into them: one by this program or
// by Istio's injector, known by its status annotation. Their decision is "remove", or "skip" with a reason.
func NewRemover(options RemoverOptions) (*Previewer, error) {
	names, err := templates.BuiltinProfiles()
	if err != nil {
		return nil, err
	}
	r := &remover{keys: append(slices.Clone(options.StatusKeys), istio.Keys().Status)}
	for _, name := range names {
		profile, err := templates.BuiltinProfile(name)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, profile.Keys.Status)
		if name == templates.DefaultProfile {
			r.others = profile.OtherInjectors
		}
	}
	p := previewer(Options{Namespace: options.Namespace, Full: options.Full, Fold: options.Fold, Answered: options.Answered}, words{"injected", "removed", "remove"})
	p.statusKeys = r.keys
	p.answer = func(_ context.Context, w *manifest.Workload, answer *Workload) (map[string]any, error) {
		return r.remove(w, answer)
	}
	return p, nil
}

// remover knows injections by the status annotations of profiles, and which other injectors there are.
type remover struct {
	keys   []string
	others map[string]templates.InjectorMark
}

// remove fills in the answer for one workload and returns its template without what was injected, as the first status
// annotation says that is there.
func (r *remover) remove(w *manifest.Workload, answer *Workload) (map[string]any, error) {
	if len(w.Path) > 2 && slices.Equal(w.Path[len(w.Path)-2:], []string{"spec", "template"}) { // below a jobTemplate
		if removed, err := removeFromJob(w, answer); removed != nil || err != nil {
			return removed, err
		}
	}
	var removed map[string]any
	var record templates.Record
	var ok bool
	var err error
	for _, key := range r.keys {
		if removed, record, ok, err = templates.Remove(w.Template, key); ok || err != nil {
			break
		}
	}
	answer.Reason = reasonOurs
	if !ok {
		removed, record, ok, err = istio.Remove(w.Template, w.Name)
		answer.Reason = reasonIstio
	}
	switch {
	case err != nil:
		return nil, err
	case ok:
		answer.Decision, answer.Templates = decisionRemove, strings.Join(record.Templates, ",")
		if answer.Reason == reasonIstio {
			answer.Warnings = strangers(record)
		}
		return removed, nil
	}
	answer.Decision, answer.Reason = decisionSkip, reasonUntouched
	if by := otherInjector(r.others, w.Template); by != "" {
		answer.Reason = reasonForeign
		answer.Warnings = []string{fmt.Sprintf("it was injected by %s, which does not record what it did: nothing is removed", by)}
	}
	return w.Template, nil
}

// removeFromJob is remove for what `istioctl kube-inject` makes of a job's template in a CronJob: it writes the annotation
// and all else that is the pod's metadata one level too high, into the job's. The workload's template is the job's then.
// It returns nil for any other.
func removeFromJob(w *manifest.Workload, answer *Workload) (map[string]any, error) {
	path := w.Path[:len(w.Path)-2] // without spec.template
	job := w.Object
	for _, field := range path {
		job, _ = job[field].(map[string]any)
	}
	removed, record, ok, err := istio.Remove(map[string]any{"metadata": job["metadata"], "spec": w.Template["spec"]}, w.Name)
	if !ok || err != nil {
		return nil, err
	}
	answer.Decision, answer.Reason, answer.Warnings = decisionRemove, reasonIstio, strangers(record)
	result := with(job, []string{"spec", "template", "spec"}, templates.Child(removed, "spec"))
	if result["metadata"] = removed["metadata"]; removed["metadata"] == nil {
		delete(result, "metadata")
	}
	w.Path, w.Template = path, job
	return result, nil
}

// strangers warns of containers that go though Istio's own templates inject none of the name: custom templates may have
// injected them, or whoever wrote the annotation lists what was the author's.
func strangers(record templates.Record) (warnings []string) {
	for _, name := range record.Containers {
		if !istio.OwnContainer(name) {
			warnings = append(warnings, fmt.Sprintf("the container %q goes, which is none of Istio's own: its annotation lists it as injected", name))
		}
	}
	return warnings
}

// otherInjector returns the name of the injector, other than the two, whose work a pod template shows; empty if there is
// none.
func otherInjector(others map[string]templates.InjectorMark, template templates.Pod) string {
	var found []string
	for name, mark := range others {
		container, _ := template.Find(mark.Container)
		if _, annotated := template.Annotation(mark.Annotation); annotated && container != nil && name != istio.ProfileName {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " and ")
}
