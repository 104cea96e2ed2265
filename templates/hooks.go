package templates

import (
	"reflect"
	"text/template"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Hooks are what a profile does in Go, for what cannot be said in a template. Each may be nil. They are pure: they
// depend on their arguments alone, keep none of them, and are safe for concurrent use.
type Hooks struct {
	// Functions are laid over the functions that templates may call.
	Functions template.FuncMap
	// Model returns what templates see in place of the Data, which it must not change but for its Warnings. An
	// *InputError says that the pod's author has to act.
	Model func(data *Data) (any, error)
	// Models is the type of what Model returns, FunctionReads says of Functions, by name, what they read of their arguments,
	// and Reads are the paths of the Data that the other hooks read of what differs between the pods of one workload, such as
	// "ObjectMeta/Name". All of them serve to tell which pods are answered alike.
	Models        reflect.Type
	FunctionReads map[string]FunctionReads
	Reads         []string
	// Prepare undoes on a pod that was injected before what Finish did, as far as fields are concerned that are not
	// the injected containers' own, so that templates see the pod as its author wrote it. It is called for every pod
	// and returns it: the one that it is given, or a changed copy (see Pod.Editable).
	Prepare func(Preparation) Pod
	// Finish changes the pod after templates and overrides have been merged. Whatever it changes must come out the same
	// when the pod that Prepare makes of the result is injected again.
	Finish func(*Injection) error
	// Order puts the containers of the finished pod in order. Nil: the rule of the envoy profile, see order.go.
	Order func(*Injection)
	// AskedMode returns the interception mode for which annotations ask otherwise than by Redirect.ModeAnnotation, and the
	// key of the one that does; empty if none does.
	AskedMode func(annotations map[string]string) (key, mode string)
	// WarnOnly lets a pod through, with a warning, that the API server refuses because of its injection (see rules.go): for
	// a profile whose pods have to be those of another injector. Otherwise that is an error.
	WarnOnly bool
	// AllowMissing lets templates read values that are not there: those are nil, and print as "<no value>". Otherwise
	// that is an error.
	AllowMissing bool
	// LastKeyWins lets a key of what toYaml and the like make replace one that the mapping around it has already, and
	// the other way round. Otherwise that is an error.
	LastKeyWins bool
}

// Preparation is a pod before its injection.
type Preparation struct {
	// Pod is the pod as it came. It must not be changed.
	Pod Pod
	// Namespace is what is known of the pod's namespace.
	Namespace metav1.ObjectMeta
	// Recorded are the containers that the pod's status annotation says an earlier injection put there. Anybody can
	// write that.
	Recorded []string
	// Lost returns what is known to be lost of what the author wrote of a recorded container of that name, nil if nothing;
	// see Recorded. It must not be changed.
	Lost func(container string) map[string]any
}

// Injection is a pod with the templates and its author's overrides merged in.
type Injection struct {
	// Pod is a copy made by Pod.Editable, which says what of it may be changed: metadata, labels, annotations, the
	// spec's fields and the containers. All else is shared with the pod as it came, with templates and with other
	// injections.
	Pod Pod
	// Data is what is known of the pod, Model what the templates saw. Neither must be changed.
	Data  *Data
	Model any
	// Injected maps a list (InitContainers, Containers, volumes, imagePullSecrets) to the names of what the templates
	// have put into it, in order.
	Injected map[string][]string
	// Overrides are the containers that the pod's author wrote of those that the templates inject, by name, without
	// what the author left to the injector (the image "auto"). They must not be changed.
	Overrides map[string]map[string]any
	// Path is that of the Input.
	Path map[string]string
	// Again says that the pod was injected before, if its status annotation, which anybody can write, is to be
	// believed. What the author's part of an injected container says is then mixed with what the API server filled in.
	Again bool
}
