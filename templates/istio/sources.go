package istio

import (
	"errors"
	"fmt"
	"reflect"

	meshconfig "istio.io/api/mesh/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// ProfileName is the name of the profile that Load makes.
const ProfileName = "istio"

// Sources are what an Istio installation says of injection.
type Sources struct {
	// Config and Values are the keys of those names of the ConfigMap istio-sidecar-injector, Mesh the key mesh of the
	// ConfigMap istio, all in YAML, as they stand. Values and Mesh may be empty.
	Config, Values, Mesh []byte
	// Revision is the name of the control plane; empty means "default".
	Revision string
	// ProxyConfigs are the cluster's ProxyConfig resources, in any order.
	ProxyConfigs []ProxyConfig
	// NativeSidecars says whether the cluster's nodes can run native sidecars.
	NativeSidecars bool
	// OpenShift takes user and group of the proxy from the ranges in the namespace's annotations.
	OpenShift bool
	// CompliancePolicy is that of the installation, such as fips-140-3; usually empty.
	CompliancePolicy string

	missing string // a key that the injector's ConfigMap lacks
}

// Installation is what the sources amount to.
type Installation struct {
	// Profile is for templates.New.
	Profile *templates.Profile
	// Policy says what happens to pods that say nothing: enabled or disabled.
	Policy string
	// NeverInject and AlwaysInject select pods by their labels.
	NeverInject, AlwaysInject []metav1.LabelSelector
	// ExcludedNamespaces are never injected.
	ExcludedNamespaces []string
}

// Load reads the sources. What Istio's injector ignores in them is ignored (fields that it does not know, selectors
// that select nothing); a value of a wrong type is an error, a *SourceError if it is one of the three texts'. Nothing of
// the sources is kept but the ProxyConfigs, which must not be changed afterwards.
func Load(sources Sources) (*Installation, error) {
	if sources.missing != "" {
		return nil, sourceError(sources.missing, fmt.Errorf("the ConfigMap has no key %q, want config and values", sources.missing))
	}
	config, err := readConfig(sources.Config)
	if err != nil {
		return nil, sourceError("config", err)
	}
	values, err := readValues(sources.Values)
	if err != nil {
		return nil, sourceError("values", err)
	}
	mesh, err := readMesh(sources.Mesh)
	if err != nil {
		return nil, sourceError("mesh", err)
	}
	proxies, err := newProxyConfigs(mesh, sources.ProxyConfigs)
	if err != nil {
		return nil, err
	}
	i := &injector{sources: sources, config: config, values: values, mesh: mesh, proxies: proxies}
	if i.sources.Revision == "" {
		i.sources.Revision = "default"
	}
	return &Installation{
		Profile:            i.profile(),
		Policy:             config.Policy,
		NeverInject:        nonEmpty(config.NeverInjectSelector),
		AlwaysInject:       nonEmpty(config.AlwaysInjectSelector),
		ExcludedNamespaces: []string{"local-path-storage"},
	}, nil
}

// SourceError says what is wrong in a text of the sources, and where.
type SourceError struct {
	// Source is config, values or mesh.
	Source string
	// Path leads to the field, such as global.hub; empty if it is about the whole or what is no YAML.
	Path string
	// Line counts from 1; 0: it is not known.
	Line int
	// Err says what there is and what is allowed.
	Err error
}

func (e *SourceError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Source, e.Err)
	}
	return fmt.Sprintf("%s: line %d: %s", e.Source, e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// sourceError makes a *SourceError of an error of a reader.
func sourceError(source string, err error) error {
	wrong, ok := errors.AsType[*strictyaml.Error](err)
	if !ok {
		return &SourceError{Source: source, Err: err}
	}
	return &SourceError{Source: source, Path: wrong.Path, Line: wrong.Line, Err: errors.New(wrong.Problem)}
}

// injector has what the hooks of the profile need. It is immutable.
type injector struct {
	sources Sources
	config  *configText
	values  *values
	mesh    *meshconfig.MeshConfig
	proxies *proxyConfigs
}

// Keys are the labels and annotations of the profile.
func Keys() templates.Keys {
	return templates.Keys{
		Inject:              "sidecar.istio.io/inject",
		NamespaceLabel:      "istio-injection",
		NamespaceLabelValue: "enabled",
		Revision:            "istio.io/rev",
		Templates:           "inject.istio.io/templates",
		Status:              marker,
	}
}

func (i *injector) profile() *templates.Profile {
	return &templates.Profile{
		Name:             ProfileName,
		DefaultTemplates: i.config.DefaultTemplates,
		Aliases:          i.config.Aliases,
		Keys:             Keys(),
		OtherInjectors: map[string]templates.InjectorMark{
			"istio": {Container: proxyContainer, Annotation: annotationStatus, Unless: marker},
		},
		FieldAnnotations: fieldAnnotations,
		ProxyPorts:       portsByContainer(),
		Redirect: templates.Redirect{
			Containers:   []string{initContainer, validationContainer},
			Proxy:        proxyContainer,
			UserArgument: "-u", GroupArgument: "-g",
			ModeAnnotation: annotationInterceptionMode, Modes: []string{"REDIRECT", "TPROXY", "NONE"},
		},
		PodPolicy:              templates.PodPolicy{PrivilegedContainers: templates.PrivilegedOpen},
		Annotations:            podAnnotations,
		Records:                []string{annotationStatus, annotationOverrides},
		RunAnnotations:         map[string][]string{proxyContainer: runAnnotations},
		EnvironmentAnnotations: []string{annotationProxyConfig},
		Templates:              i.config.Templates,
		Values:                 map[string]any{"nativeSidecars": i.sources.NativeSidecars},
		Hooks: templates.Hooks{
			Functions:     functions(i.proxies),
			Model:         i.model,
			AskedMode:     askedMode,
			Prepare:       i.prepare,
			Finish:        i.finish,
			Order:         i.order,
			Models:        reflect.TypeFor[*Model](),
			FunctionReads: functionReads(),
			Reads:         []string{"ObjectMeta/Name"}, // Data.Owner
			AllowMissing:  true,
			WarnOnly:      true,
			LastKeyWins:   true, // as Istio's parser has it: userVolume as a JSON array names each volume twice
		},
	}
}

func nonEmpty(selectors []metav1.LabelSelector) []metav1.LabelSelector {
	var all []metav1.LabelSelector
	for _, selector := range selectors {
		if len(selector.MatchLabels)+len(selector.MatchExpressions) > 0 {
			all = append(all, selector)
		}
	}
	return all
}

var errNoTemplates = errors.New(`"templates" is empty: this is no configuration of Istio 1.10 or later`)
