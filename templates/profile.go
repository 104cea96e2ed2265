package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// DefaultProfile is the profile that is used where none is named.
const DefaultProfile = "envoy"

//go:embed profiles
var profiles embed.FS

// Profile is a named set of templates with default values, and the vocabulary that goes with it: the annotation and
// label keys that its users write. A Profile is a value; the engine never changes one.
type Profile struct {
	// Name of the profile, such as "envoy".
	Name string `json:"name"`
	// DefaultTemplates are the templates of a pod that names none, in the order in which they are applied.
	DefaultTemplates []string `json:"defaultTemplates"`
	// Aliases maps a name that a pod may use to the templates that it stands for.
	Aliases map[string][]string `json:"aliases,omitempty"`
	// Keys are the annotation and label keys of this profile.
	Keys Keys `json:"keys"`
	// Trigger says in which words pods and namespaces ask for injection.
	Trigger Trigger `json:"trigger,omitzero"`
	// Skips are the reasons for which templates may skip a pod, by the function skip, each with a sentence for people.
	Skips map[string]string `json:"skips,omitempty"`
	// NamespaceAnnotations lists the annotation keys that a pod inherits from its namespace when it does not set them.
	NamespaceAnnotations []string `json:"namespaceAnnotations,omitempty"`
	// OpenValues lists the paths (dotted) of values below which any key is allowed. Elsewhere a value that the
	// profile's defaults do not have is refused.
	OpenValues []string `json:"openValues,omitempty"`
	// OtherInjectors says how the work of other injectors is recognised, by a name for people.
	OtherInjectors map[string]InjectorMark `json:"otherInjectors,omitempty"`
	// FieldAnnotations maps fields of injected containers, such as image and resources.requests.cpu, to the annotations
	// that set them: errors about such a field name the annotation.
	FieldAnnotations map[string]string `json:"fieldAnnotations,omitempty"`
	// ProxyPorts lists, by injected container, the TCP ports that are taken in the network of a pod that has it.
	ProxyPorts map[string][]int64 `json:"proxyPorts,omitempty"`
	// Redirect says how the proxy's own traffic is told from that of the application.
	Redirect Redirect `json:"redirect,omitzero"`
	// PodPolicy is what pods may choose where the configuration does not say.
	PodPolicy PodPolicy `json:"podPolicy,omitzero"`
	// Annotations are those by which a pod says how it is injected; "*" at the end of a key stands for the rest of it. A
	// policy may close them, but for those of Keys that ask for injection and record it.
	Annotations []string `json:"annotations,omitempty"`
	// Records are annotations that injection writes and does not read.
	Records []string `json:"records,omitempty"`
	// RunAnnotations are those that say what an injected container runs, or mount something into it, by its name.
	RunAnnotations map[string][]string `json:"runAnnotations,omitempty"`
	// EnvironmentAnnotations are those that may set any variable of injected containers.
	EnvironmentAnnotations []string `json:"environmentAnnotations,omitempty"`
	// ValueRules are what values have to be besides their type.
	ValueRules []ValueRule `json:"valueRules,omitempty"`

	// Sources are ConfigMaps of the mesh from which values are taken, laid over the defaults in this order.
	Sources []Source `json:"sources,omitempty"`

	// Templates maps a template's name to its text.
	Templates map[string]string `json:"-"`
	// Values are the defaults that templates see as .Values.
	Values map[string]any `json:"-"`
	// Hooks are the profile's parts in Go.
	Hooks Hooks `json:"-"`
}

// Keys are the annotation and label keys of a profile.
type Keys struct {
	// Inject is the pod label and annotation that asks for injection or refuses it, in the words of the Trigger.
	Inject string `json:"inject"`
	// NamespaceLabel is the label that opts a namespace in when its value is NamespaceLabelValue.
	NamespaceLabel      string `json:"namespaceLabel"`
	NamespaceLabelValue string `json:"namespaceLabelValue"`
	// Revision is the label by which a pod, or else its namespace, says which of several injectors it wants. Empty: none.
	Revision string `json:"revision,omitempty"`
	// Templates is the pod annotation that names templates, separated by commas.
	Templates string `json:"templates"`
	// NativeSidecar is the pod annotation ("true" or "false") that overrides the value nativeSidecars. Empty: none.
	NativeSidecar string `json:"nativeSidecar"`
	// Status is the annotation in which the engine records what it injected.
	Status string `json:"status"`
}

// Skipped is the annotation that says why a pod that was to get a sidecar has none, where the configuration wants that.
func (k *Keys) Skipped() string { return k.Status + "-skipped" }

// InjectorMark is how another injector's work is recognised: a container of this name and this annotation together.
// Neither alone is proof: a container may be an override that waits for its injector, an annotation may be a leftover.
type InjectorMark struct {
	Container  string `json:"container"`
	Annotation string `json:"annotation"`
	// Unless is an annotation with which the pod is our own work, though it has the two above.
	Unless string `json:"unless,omitempty"`
}

// BuiltinProfile returns the profile of that name that is compiled into the program. The error of an unknown name
// lists those there are.
func BuiltinProfile(name string) (*Profile, error) {
	names, err := BuiltinProfiles()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("unknown profile %q, want one of %s", name, strings.Join(names, ", "))
	}
	folder, err := fs.Sub(profiles, path.Join("profiles", name))
	if err != nil {
		return nil, fmt.Errorf("read profile %q: %w", name, err)
	}
	profile, err := LoadProfile(folder)
	if err != nil {
		return nil, fmt.Errorf("read profile %q: %w", name, err)
	}
	return profile, nil
}

// BuiltinProfiles returns the names of the profiles that are compiled into the program, sorted.
func BuiltinProfiles() ([]string, error) {
	entries, err := profiles.ReadDir("profiles")
	if err != nil {
		return nil, fmt.Errorf("list the built-in profiles: %w", err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}
