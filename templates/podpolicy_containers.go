package templates

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
)

// A container to which the templates give capabilities runs what they say, and nothing that a pod's author brings, unless
// the policy opens it:
//
//	its image                     is the configuration's, or one that the policy allows
//	command, arguments, hooks     are the templates'
//	environment                   names no variable by which a program loads other code
//	mounts                        cover neither programs nor what the templates mount
//	volumes that it only reads    have nobody else who writes to them, but injected containers as the templates make them
//	annotations                   that mount and configure (Profile.RunAnnotations) are not set
//
// All else an override may say. Other webhooks add variables and mounts to every container of a pod, and the API server a
// token: those pass.

// checkContainers returns an *InputError about the first injected container in which the pod's author has chosen what the
// policy does not leave to pods. unchosen returns what the templates make where the author says nothing.
func (p *podPolicy) checkContainers(s *subject, r *rendering, unchosen func() *rendering) error {
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			name := nameOf(container)
			if !s.injects(list, name) {
				continue
			}
			injected := injectedOf(r.overlays, name)
			given := ""
			if p.PrivilegedContainers == PrivilegedProtected {
				given = privilegeOf(container, injected)
			}
			broken := p.checkImage(container, given, unchosen)
			if broken == nil && given != "" {
				broken = protect(s, r, container, injected, unchosen)
			}
			if broken != nil {
				return s.refuseAuthor(broken)
			}
		}
	}
	return nil
}

// refuseAuthor is refuse for what is always the author's to change.
func (s *subject) refuseAuthor(broken *violation) error {
	err := s.refuse(broken)
	if ofTemplate, ok := errors.AsType[*Error](err); ok {
		return &InputError{Problem: ofTemplate.Err.Error()}
	}
	return err
}

// checkImage: an image that a pod has chosen is one of those allowed. unchosen is asked last, since it renders.
func (p *podPolicy) checkImage(container map[string]any, given string, unchosen func() *rendering) *violation {
	if p.AllowedImages == nil && given == "" {
		return nil
	}
	reference := textAt(container, "image")
	if p.own().images[reference] {
		return nil
	}
	image, ok := parseImage(reference)
	allows := func(pattern imagePattern) bool { return pattern.any || ok && pattern.allows(image) }
	if ok && slices.Contains(p.own().repositories, image.repository) || slices.ContainsFunc(p.images, allows) {
		return nil
	}
	if unchosen().images()[reference] {
		return nil
	}
	problem := fmt.Sprintf("%q is not allowed", reference)
	if given != "" {
		problem += fmt.Sprintf(" in the container %q, which is given %s", nameOf(container), given)
	}
	allowed := slices.Concat(p.own().repositories, p.AllowedImages)
	slices.Sort(allowed)
	problem += ": " + allowedText("podPolicy.allowedImages", slices.Compact(allowed))
	return &violation{container: nameOf(container), field: "image", problem: problem, causes: []cause{{field: "image"}}}
}

// privilegeOf returns what a container has beyond others, in words, if the templates give it something of that kind; empty if
// it has nothing of importance. Who admits an injected container by its name admits whatever privileges it has.
func privilegeOf(container map[string]any, injected []map[string]any) string {
	if !slices.ContainsFunc(injected, func(own map[string]any) bool { return privilegesOf(own) != "" }) {
		return ""
	}
	return privilegesOf(container)
}

// privilegesOf returns the first privilege that a container asks for, in words. Runtimes take capabilities in any case, and
// with or without CAP_.
func privilegesOf(container map[string]any) string {
	if valueAt(container, "securityContext.privileged") == true {
		return "all privileges"
	}
	capabilities, _ := valueAt(container, "securityContext.capabilities.add").([]any)
	for _, capability := range capabilities {
		name := strings.TrimPrefix(strings.ToUpper(fmt.Sprint(capability)), "CAP_")
		if name != "NET_BIND_SERVICE" { // which Pod Security grants everybody
			return fmt.Sprintf("the capability %v", capability)
		}
	}
	return ""
}

// privileged says of a container, to a pod's author, why it is protected.
const privileged = "to which injection gives privileges (podPolicy.privilegedContainers)"

// protect looks for what a pod's author brings into a container that is to run what the templates say.
func protect(s *subject, r *rendering, container map[string]any, injected []map[string]any, unchosen func() *rendering) *violation {
	name := nameOf(container)
	if broken := checkOverride(name, s.overrides[name], injected); broken != nil {
		broken.container = name
		broken.problem += " in a container " + privileged
		return broken
	}
	for _, key := range s.profile.RunAnnotations[name] {
		if _, set := s.annotations[key]; set {
			return &violation{annotation: key, problem: fmt.Sprintf("is not allowed with the container %q, %s", name, privileged)}
		}
	}
	for _, key := range s.profile.EnvironmentAnnotations {
		if _, set := s.annotations[key]; !set {
			continue
		}
		if variable := chosenVariable(name, injected, unchosen); variable != "" {
			return &violation{annotation: key, problem: fmt.Sprintf("is not allowed with the variable %q in the container %q, %s", variable, name, privileged)}
		}
	}
	return checkSources(s, r, name, injected)
}

// chosenVariable returns the first variable of a container that loads code and that it would not have where the author says
// nothing; empty if there is none.
func chosenVariable(name string, injected []map[string]any, unchosen func() *rendering) string {
	for _, own := range injected {
		for _, variable := range objectsOf(own, "env") {
			if loadsCode(nameOf(variable)) && !unchosen().sets(name, variable) {
				return nameOf(variable)
			}
		}
	}
	return ""
}

// sets says whether the templates gave a container that variable with that value; nil sets nothing.
func (r *rendering) sets(container string, variable map[string]any) bool {
	if r == nil {
		return false
	}
	for _, own := range injectedOf(r.overlays, container) {
		if slices.ContainsFunc(objectsOf(own, "env"), func(set map[string]any) bool { return reflect.DeepEqual(set, variable) }) {
			return true
		}
	}
	return false
}

// checkOverride looks in the author's part of a container. The templates' own values said again are allowed.
func checkOverride(name string, override map[string]any, injected []map[string]any) *violation {
	for _, field := range []string{"command", "args"} {
		value, _ := override[field].([]any)
		if len(value) > 0 && !slices.ContainsFunc(injected, func(own map[string]any) bool { return reflect.DeepEqual(own[field], override[field]) }) {
			return &violation{field: field, problem: "is not for pods to choose"}
		}
	}
	for _, field := range []string{"lifecycle.postStart", "lifecycle.preStop", "startupProbe", "readinessProbe", "livenessProbe"} {
		if valueAt(override, field+".exec") != nil {
			return &violation{field: field + ".exec", problem: "is not for pods to choose"}
		}
	}
	if textAt(override, "workingDir") != "" {
		return &violation{field: "workingDir", problem: "is not for pods to choose"}
	}
	if from, _ := override["envFrom"].([]any); len(from) > 0 {
		return &violation{field: "envFrom", problem: "is not for pods to choose"}
	}
	for i, variable := range objectsOf(override, "env") {
		if loadsCode(nameOf(variable)) {
			return &violation{field: fmt.Sprintf("env[%d]", i), problem: fmt.Sprintf("the variable %q is not for pods to choose", nameOf(variable))}
		}
	}
	for i, mount := range objectsOf(override, "volumeMounts") {
		if taken := covers(textAt(mount, "mountPath"), injected); taken != "" {
			return &violation{field: fmt.Sprintf("volumeMounts[%d]", i), problem: fmt.Sprintf("the path %q is not for pods to choose, since it is above or below %s", textAt(mount, "mountPath"), taken)}
		}
	}
	return nil
}

// codeVariables are those by which programs find other code, or what they start: of the dynamic linker and libc, shells,
// OpenSSL, iptables and Istio's agent.
var codeVariables = []string{
	"PATH", "GCONV_PATH", "BASH_ENV", "ENV", "IFS",
	"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "XTABLES_LIBDIR", "IPTABLES_LIB_DIR", "IP6TABLES_LIB_DIR",
	"PROXY_CONFIG", "ISTIO_BOOTSTRAP", "ISTIO_BOOTSTRAP_OVERRIDE",
}

// loadsCode says whether programs look for other code where a variable of their environment says.
func loadsCode(variable string) bool {
	return strings.HasPrefix(variable, "LD_") || slices.Contains(codeVariables, variable)
}

// programPlaces are the folders of images in which programs, and what they load, stand.
var programPlaces = []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc", "/opt", "/var/lib"}

// covers returns what stands above or below a mount of a container that has these parts from templates; empty if nothing
// does.
func covers(mountPath string, injected []map[string]any) string {
	at := cleanPath(mountPath)
	taken := programPlaces
	for _, own := range injected {
		for _, mount := range objectsOf(own, "volumeMounts") {
			taken = append(slices.Clip(taken), textAt(mount, "mountPath"))
		}
		command, _ := own["command"].([]any)
		for _, program := range command[:min(1, len(command))] {
			taken = append(slices.Clip(taken), fmt.Sprint(program))
		}
	}
	for _, place := range taken {
		if clean := cleanPath(place); isBelow(at, clean) || isBelow(clean, at) {
			return place
		}
	}
	return ""
}

// cleanPath returns the one form of a path; /var/run is another name of /run in most images.
func cleanPath(text string) string {
	clean := path.Clean("/" + text)
	if rest, ok := strings.CutPrefix(clean, "/var/run"); ok && (rest == "" || rest[0] == '/') {
		return "/run" + rest
	}
	return clean
}

func isBelow(inner, outer string) bool {
	return inner == outer || outer == "/" || strings.HasPrefix(inner, outer+"/")
}
