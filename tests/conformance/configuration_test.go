package conformance

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"

	securityv1 "github.com/openshift/api/security/v1"
	"istio.io/istio/operator/pkg/render"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// configuration is what an injector is configured with: the texts of Istio's ConfigMaps, and what it learns from
// elsewhere. It is a value: copies may be changed.
type configuration struct {
	// config, values and mesh are the keys of the ConfigMaps istio-sidecar-injector and istio.
	config, values, mesh string
	// classic says that the cluster's nodes cannot run native sidecars.
	classic bool
	// openShift says that uids and gids come from the namespace's annotations.
	openShift bool
	// compliancePolicy is the policy that Istio knows by the environment variable COMPLIANCE_POLICY.
	compliancePolicy string
	// environment is the end of the URL path, which says what to set in the sidecar: /cluster/X/net/Y.
	environment string
	// proxyConfigs are the cluster's ProxyConfig resources.
	proxyConfigs []istio.ProxyConfig
	// podPolicy is our policy of what pods may choose, in YAML. Empty: everything, as Istio has it.
	podPolicy string
}

// configurationOf renders the configuration of a case.
func configurationOf(c injectionCase) (configuration, error) {
	rendered, err := renderChart(c.flags, c.operatorFile)
	if err != nil {
		return configuration{}, err
	}
	if err := changeMesh(&rendered, c); err != nil {
		return configuration{}, err
	}
	for _, setting := range c.settings {
		switch setting {
		case "features.EnableNativeSidecars = features.NativeSidecarModeDisabled":
			rendered.classic = true
		case "platform.Platform.Name = platform.OpenShift":
			rendered.openShift = true
		case `common_features.CompliancePolicy = "fips-140-3"`:
			rendered.compliancePolicy = "fips-140-3"
		default:
			return configuration{}, fmt.Errorf("apply the hook of %q: the setting %q is unknown here", c.name(), setting)
		}
	}
	return rendered, nil
}

// renderings caches what the chart rendered, by its arguments: rendering takes long, and most cases share one.
var renderings sync.Map

// renderChart renders the chart of Istio's control plane as its operator does, with flags and with a file of Istio's
// test data.
func renderChart(flags []string, operatorFile string) (configuration, error) {
	key := strings.Join(append([]string{operatorFile}, flags...), "\n")
	if known, ok := renderings.Load(key); ok {
		return known.(configuration), nil
	}
	dir, err := istioDir()
	if err != nil {
		return configuration{}, err
	}
	var files []string
	if operatorFile != "" {
		files = append(files, filepath.Join(dir, "pkg", "kube", "inject", "testdata", "inject", operatorFile))
	}
	all := append(append([]string{}, flags...),
		"installPackagePath="+filepath.Join(dir, "manifests"), "profile=empty", "components.pilot.enabled=true")
	sets, _, err := render.GenerateManifest(files, all, false, nil, nil)
	if err != nil {
		return configuration{}, fmt.Errorf("render Istio's chart: %w", err)
	}
	var rendered configuration
	for _, set := range sets {
		for _, object := range set.Manifests {
			if object.GetKind() != "ConfigMap" {
				continue
			}
			switch object.GetName() {
			case "istio-sidecar-injector":
				rendered.config, rendered.values = dataOf(object.Unstructured, "config"), dataOf(object.Unstructured, "values")
			case "istio":
				rendered.mesh = dataOf(object.Unstructured, "mesh")
			}
		}
	}
	if rendered.config == "" || rendered.values == "" || rendered.mesh == "" {
		return configuration{}, fmt.Errorf("render Istio's chart: a ConfigMap or a key is missing")
	}
	renderings.Store(key, rendered)
	return rendered, nil
}

func dataOf(object *unstructured.Unstructured, key string) string {
	text, _, err := unstructured.NestedString(object.Object, "data", key)
	if err != nil {
		return ""
	}
	return text
}

// meshChange is our own version of a function by which a case changes the mesh configuration. The digest is that of
// the function's source, so that a changed function is noticed.
type meshChange struct {
	digest string
	change func(mesh map[string]any)
}

// meshChanges are by the name of the wanted file.
var meshChanges = map[string]meshChange{
	"hello-tproxy.yaml.injected":                {"fc4bac2134ec", setting("TPROXY", "defaultConfig", "interceptionMode")},
	"proxy-override-runas.yaml.tproxy.injected": {"fc4bac2134ec", setting("TPROXY", "defaultConfig", "interceptionMode")},
	"format-duration.yaml.injected":             {"321a59e2a449", setting("23s", "defaultConfig", "drainDuration")},
	"hello-tracing-disabled.yaml.injected":      {"945b7d76ba65", setting(map[string]any{}, "defaultConfig", "tracing")},
	"hello-probes-localhost.yaml.injected":      {"231236cdfb16", setting("LOCALHOST", "inboundTrafficPolicy", "mode")},
	"traffic-annotations.yaml.injected": {"7770651fa440", setting("/etc/identity/client/keys/client-key.pem",
		"defaultConfig", "proxyMetadata", "ISTIO_META_TLS_CLIENT_KEY")},
	"hello-otel-semconv.yaml.injected": {"c753cf238fb4", addOpenTelemetry},
}

// changeMesh does to the text of the mesh configuration what the case's function does to the decoded one.
func changeMesh(c *configuration, of injectionCase) error {
	own, known := meshChanges[of.want]
	switch {
	case of.meshDigest == "":
		return nil
	case !known:
		return fmt.Errorf("change the mesh of %q: no version of that change is written here", of.name())
	case own.digest != of.meshDigest:
		return fmt.Errorf("change the mesh of %q: the function in Istio's test has digest %s, the version here is of %s", of.name(), of.meshDigest, own.digest)
	}
	return c.editMesh(own.change)
}

// editMesh changes the mesh configuration.
func (c *configuration) editMesh(change func(mesh map[string]any)) error {
	mesh := map[string]any{}
	if err := yaml.Unmarshal([]byte(c.mesh), &mesh); err != nil {
		return fmt.Errorf("decode the mesh configuration: %w", err)
	}
	change(mesh)
	text, err := yaml.Marshal(mesh)
	if err != nil {
		return fmt.Errorf("encode the mesh configuration: %w", err)
	}
	c.mesh = string(text)
	return nil
}

// setting returns a change that sets one field.
func setting(value any, path ...string) func(map[string]any) {
	return func(mesh map[string]any) {
		// It fails only where a field on the way is not an object, which a mesh configuration does not have.
		_ = unstructured.SetNestedField(mesh, value, path...)
	}
}

func addOpenTelemetry(mesh map[string]any) {
	providers, _ := mesh["extensionProviders"].([]any)
	mesh["extensionProviders"] = append(providers, map[string]any{
		"name": "otel",
		"opentelemetry": map[string]any{
			"service":                    "otel-collector.observability.svc.cluster.local",
			"port":                       int64(4317),
			"serviceAttributeEnrichment": "OTEL_SEMANTIC_CONVENTIONS",
		},
	})
}

// namespaceWithRanges is the namespace of Istio's tests for OpenShift: it has the ranges of uids and gids.
func namespaceWithRanges() *corev1.Namespace {
	ranges := map[string]string{
		securityv1.UIDRangeAnnotation:           "1000620000/10000",
		securityv1.SupplementalGroupsAnnotation: "1000620000/10000",
	}
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "test-ns", Annotations: maps.Clone(ranges)}}
}
