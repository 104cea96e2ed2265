package lint

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// allowedTexts are the values that the API server takes of the types that are texts with a fixed set of values.
var allowedTexts = map[reflect.Type][]string{
	reflect.TypeFor[corev1.PullPolicy]():               {"Always", "IfNotPresent", "Never"},
	reflect.TypeFor[corev1.Protocol]():                 {"TCP", "UDP", "SCTP"},
	reflect.TypeFor[corev1.URIScheme]():                {"HTTP", "HTTPS"},
	reflect.TypeFor[corev1.TerminationMessagePolicy](): {"File", "FallbackToLogsOnError"},
	reflect.TypeFor[corev1.MountPropagationMode]():     {"None", "HostToContainer", "Bidirectional"},
	reflect.TypeFor[corev1.SeccompProfileType]():       {"RuntimeDefault", "Unconfined", "Localhost"},
	reflect.TypeFor[corev1.ProcMountType]():            {"Default", "Unmasked"},
	reflect.TypeFor[corev1.ContainerRestartPolicy]():   {"Always", "Never", "OnFailure"},
}

// kinds are the types of which at most one field is set, and how many at least: a volume that says nothing is an emptyDir.
var kinds = map[reflect.Type]int{
	reflect.TypeFor[corev1.ProbeHandler]():     1,
	reflect.TypeFor[corev1.LifecycleHandler](): 1,
	reflect.TypeFor[corev1.VolumeSource]():     0,
}

// checkSchema looks in the containers and volumes that the templates injected for what the API server refuses though every
// field is known and of its type: fields that are missing, values that are none of those allowed.
func checkSchema(i *injected) []Finding {
	var problems []string
	report := func(path, problem string) { problems = append(problems, path+" "+problem) }
	for _, container := range i.injectedContainers() {
		what := fmt.Sprintf("the container %q: ", container.Name)
		checkFields(what, reflect.ValueOf(container), report)
	}
	for _, volume := range i.after.Spec.Volumes {
		if !slices.ContainsFunc(i.before.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume.Name }) {
			checkFields(fmt.Sprintf("the volume %q: ", volume.Name), reflect.ValueOf(volume), report)
		}
	}
	var findings []Finding
	for _, problem := range problems {
		findings = append(findings, Finding{Rule: "schema", Severity: Error, Message: onPod(i.name, problem), Remedy: "the API server refuses the pod: give the field what it takes"})
	}
	return findings
}

// checkFields checks a value and what is in it. A path ends with the separator for what follows.
func checkFields(path string, value reflect.Value, report func(path, problem string)) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			checkFields(path, value.Elem(), report)
		}
	case reflect.Slice:
		for i := range value.Len() {
			checkFields(fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i), value.Index(i), report)
		}
	case reflect.String:
		allowed, fixed := allowedTexts[value.Type()]
		if text := value.String(); fixed && text != "" && !slices.Contains(allowed, text) {
			report(strings.TrimSuffix(path, "."), fmt.Sprintf("is %q, want one of %s", text, strings.Join(allowed, ", ")))
		}
	case reflect.Struct:
		checkStruct(path, value, report)
	}
}

func checkStruct(path string, value reflect.Value, report func(path, problem string)) {
	set := 0
	for i := range value.NumField() {
		field, inner := value.Type().Field(i), value.Field(i)
		if !field.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		at := path + name
		if name != "" {
			at += "."
		}
		required := name != "" && !strings.Contains(options, "omitempty") && strings.HasPrefix(field.Tag.Get("protobuf"), "bytes")
		if required && inner.Kind() == reflect.String && inner.Len() == 0 {
			report(path+name, "is missing")
		}
		if inner.Kind() == reflect.Pointer && !inner.IsNil() {
			set++
		}
		if number, ok := portIn(field.Name, inner); ok && (number < 1 || number > 65535) {
			report(path+name, fmt.Sprintf("is %d, want a port (1 to 65535)", number))
		}
		checkFields(at, inner, report)
	}
	if least, ok := kinds[value.Type()]; ok && (set > 1 || set < least) {
		report(strings.TrimRight(path, ".: "), fmt.Sprintf("is of %d kinds, want one", set))
	}
}

// portIn returns the number in a field that is a port which has to be set.
func portIn(name string, value reflect.Value) (int64, bool) {
	if name == "ContainerPort" && value.Kind() == reflect.Int32 {
		return value.Int(), true
	}
	return 0, false
}
