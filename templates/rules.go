package templates

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// The rules keep a valid pod valid: each is a check that the API server makes of a pod, or a fault that shows only when
// the pod runs, looked for in what injection made. A rule complains about what injection brought about alone: a pod that
// broke it before is the API server's to refuse.
//
//	rule                                                              breaks it     file
//	a container is left besides init containers                       refused       rule_left.go
//	images are named, with no space around them                       refused       rule_containers.go
//	fields of native sidecars stand in native sidecars alone          refused       rule_containers.go
//	amounts are not negative, requests not above limits               refused       rule_resources.go
//	what spec.resources sets is not exceeded                          left out, or  rule_podresources.go
//	                                                                  refused
//	users and groups are in range, privileges agree                   refused       rule_security.go
//	port names and host ports are not taken                           refused       rule_ports.go
//	volumes have a name and one source, devices their own place       refused       rule_volumes.go
//	what an annotation mounts is there                                refused       rule_volumes.go
//	the proxy finds what the init container leaves for it             refused       rule_handover.go
//	probes that the profile rewrites have a port                      refused       rule_probes.go
//	annotations have 256 KiB together                                 refused       rule_annotations.go
//	a container does not start as what it must not run as             a warning     warning_users.go
//	the application does not run as the proxy, nor unlike it          a warning     warning_users.go
//	the proxy's ports, and their names, are not the application's     a warning     warning_ports.go
//	a TCP probe asks a port that there is                             a warning     warning_probes.go
//	a pod that is to end has no container that does not               a warning     warning_completion.go
//
// A profile whose pods have to be those of another injector may have warnings in place of refusals (Hooks.WarnOnly): the API
// server refuses the pod then, and its author has read why.
var (
	containerRules = []func(list string, container map[string]any) *violation{
		checkImage, checkInitFields, checkResources, checkIDs, checkPrivileges, checkPortNames, checkDevices,
	}
	podRules = []func(s *subject, pod Pod) *violation{
		checkContainersLeft, checkPodResources, checkHostPorts, checkVolumeSources, checkVolumeNames, checkMounts, checkProbePorts, checkProfileAnnotations, checkAnnotationSize,
	}
	warningRules = []func(s *subject) []string{
		warnRootless, warnProxyUsers, warnProxyPorts, warnPortNames, warnProbeNames, warnVolumes, warnCompletion,
	}
)

// subject is an injected pod, as the rules look at it. They do not change it.
type subject struct {
	profile *Profile
	// stored is the pod as it came, before returns it as its author wrote it, and after is the injected one.
	stored Pod
	before func() Pod
	after  Pod
	// earlier is what the status annotation says of an injection before.
	earlier status
	// lists says in which list each injected container stands, templates which one injects it.
	lists     map[string]string
	templates map[string]string
	// overrides are the author's parts of injected containers, by name.
	overrides map[string]map[string]any
	// volumes are those that the templates give, by name.
	volumes map[string]injectedVolume
	// annotations are the pod's, and those that it inherits from its namespace.
	annotations map[string]string
}

// injectedVolume is a volume and the template that gives it.
type injectedVolume struct {
	template string
	sources  []string
}

// violation is a rule that is broken.
type violation struct {
	// container is the name of the container concerned; empty if it is the pod.
	container string
	// field is what is wrong in it, and problem why, and what is allowed.
	field, problem string
	// causes are fields of the container; if an annotation has set one, the first such annotation is named.
	causes []cause
	// annotation is the annotation to name, or template the template that is to blame, where that is known.
	annotation, template string
	// element is the name of a volume of that template.
	element string
}

// cause is a field, such as resources.requests.cpu, whose value may break a rule.
type cause struct {
	field string
	// problem is the sentence for the annotation; empty if it is that of the violation.
	problem string
	// other is the field whose annotation may help instead; empty if there is none.
	other string
}

// newSubject gathers what the rules need of an injection.
func (e *Engine) newSubject(input Input, earlier status, r *rendering, overrides map[string]map[string]any) *subject {
	s := &subject{
		profile: e.profile, stored: input.Pod, earlier: earlier, lists: r.lists, overrides: overrides,
		templates: map[string]string{}, volumes: map[string]injectedVolume{}, annotations: r.data.ObjectMeta.Annotations,
		before: sync.OnceValue(func() Pod { return withoutInjected(e.prepare(input, earlier), earlier) }),
	}
	for i, o := range r.overlays {
		for _, list := range containerLists {
			for _, name := range o.names[list] {
				if s.templates[name] == "" {
					s.templates[name] = r.templates[i]
				}
			}
		}
		for _, volume := range Pod(o.pod).In("volumes") {
			if name := nameOf(volume); volume["$patch"] == nil && s.volumes[name].template == "" {
				s.volumes[name] = injectedVolume{r.templates[i], sourcesOf(volume)}
			}
		}
	}
	return s
}

// maxWarnings bounds the warnings of a pod: the API server passes on 4 KiB of them.
const maxWarnings = 10

// check returns the error of the first rule that the injected pod breaks, and otherwise its warnings. The error is an
// *InputError where the pod's author has to act, an *Error where the template's author has.
func (s *subject) check(injected Pod) ([]string, error) {
	s.after = injected
	var warnings []string
	for _, broken := range s.violations() {
		err := s.refuse(broken)
		if !s.profile.Hooks.WarnOnly {
			return nil, err
		}
		warnings = append(warnings, "the API server refuses the injected pod: "+err.Error())
	}
	for _, rule := range warningRules {
		warnings = append(warnings, rule(s)...)
	}
	if more := len(warnings) - maxWarnings; more > 0 {
		warnings = append(warnings[:maxWarnings], fmt.Sprintf("there are %d warnings more", more))
	}
	return warnings, nil
}

// violations returns what the injected pod breaks and its author's did not, in the order of containers and rules.
func (s *subject) violations() (found []*violation) {
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			if !s.injects(list, nameOf(container)) {
				continue
			}
			for _, rule := range containerRules {
				if broken := rule(list, container); broken != nil && !s.brokenBefore(rule, nameOf(container)) {
					found = append(found, broken)
				}
			}
		}
	}
	for _, rule := range podRules {
		if broken := rule(s, s.after); broken != nil && rule(s, s.before()) == nil {
			found = append(found, broken)
		}
	}
	return found
}

// injectedBefore says that the pod was injected before, if its status annotation is to be believed.
func (s *subject) injectedBefore() bool { return len(s.earlier.names()) > 0 }

// injects says that the templates inject the container.
func (s *subject) injects(list, name string) bool { return s.lists[name] == list }

// brokenBefore says that the author's container of that name breaks the rule by itself, where its author put it.
func (s *subject) brokenBefore(rule func(string, map[string]any) *violation, name string) bool {
	if s.overrides[name] == nil {
		return false
	}
	author, list := s.before().Find(name)
	return author != nil && rule(list, author) != nil
}

// refuse makes an error of a broken rule: of the annotation that has set what is wrong, else of the pod's author if the
// container is an override, or no container is concerned, and else of the template.
func (s *subject) refuse(broken *violation) error {
	if broken.annotation != "" {
		return &InputError{Annotation: broken.annotation, Problem: broken.problem}
	}
	container, _ := s.after.Find(broken.container)
	for _, cause := range broken.causes {
		if key := s.annotationOf(container, cause.field); key != "" {
			problem := broken.problem
			if cause.problem != "" {
				problem = cause.problem
			}
			if other := s.profile.FieldAnnotations[cause.other]; other != "" {
				problem += fmt.Sprintf(" (annotation %q)", other)
			}
			return &InputError{Annotation: key, Problem: problem}
		}
	}
	problem := broken.field + ": " + broken.problem
	if broken.template != "" {
		return &Error{Template: broken.template, Element: broken.element, Err: errors.New(problem)}
	}
	if broken.container == "" {
		return &InputError{Problem: problem}
	}
	problem = fmt.Sprintf("container %q: %s", broken.container, problem)
	if s.overrides[broken.container] == nil {
		return &Error{Template: s.templates[broken.container], Element: broken.container, Err: errors.New(problem)}
	}
	return &InputError{Problem: problem}
}

// annotationOf returns the key of the annotation that has set a field of a container; empty if none has.
func (s *subject) annotationOf(container map[string]any, field string) string {
	key := s.profile.FieldAnnotations[field]
	said, set := s.annotations[key]
	if key == "" || !set || s.overrides[nameOf(container)] != nil && valueAt(s.overrides[nameOf(container)], field) != nil {
		return ""
	}
	if value := valueAt(container, field); value == nil || fmt.Sprint(value) != said {
		return ""
	}
	return key
}

// valueAt returns what stands at a dotted path of an object; nil if nothing does.
func valueAt(object map[string]any, path string) any {
	var value any = object
	for step := range strings.SplitSeq(path, ".") {
		inner, _ := value.(map[string]any)
		value = inner[step]
	}
	return value
}

// objectsOf returns the objects of the list in a field; what is of another shape is left out.
func objectsOf(object map[string]any, field string) []map[string]any {
	list, _ := object[field].([]any)
	var objects []map[string]any
	for _, element := range list {
		if object, ok := element.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// asObject returns a value that is an object, and otherwise nil, which has no fields.
func asObject(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// textAt is valueAt for a string.
func textAt(object map[string]any, path string) string {
	text, _ := valueAt(object, path).(string)
	return text
}

// protocolOf returns the protocol of a port.
func protocolOf(port map[string]any) string {
	if protocol := textAt(port, "protocol"); protocol != "" {
		return protocol
	}
	return string(corev1.ProtocolTCP)
}
