package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// installed decodes every object of install.yaml into its Go type; a field that the type does not know is an error.
func installed(t *testing.T) []runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, certmanagerv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	text, err := os.ReadFile("install.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var objects []runtime.Object
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Errorf("%v in\n%s", err, document)
			continue
		}
		objects = append(objects, object)
	}
}

func find[T runtime.Object](t *testing.T) T {
	t.Helper()
	for _, object := range installed(t) {
		if found, ok := object.(T); ok {
			return found
		}
	}
	var none T
	t.Fatalf("install.yaml has no %T", none)
	return none
}

func TestWebhookConfiguration(t *testing.T) {
	configuration := find[*admissionregistrationv1.MutatingWebhookConfiguration](t)
	if _, ok := configuration.Labels["istio.io/rev"]; ok {
		t.Error("istiod would overwrite the caBundle of a configuration with the label istio.io/rev")
	}
	paths := map[string]string{}
	for _, entry := range configuration.Webhooks {
		paths[entry.Name] = *entry.ClientConfig.Service.Path
		switch {
		case entry.ClientConfig.CABundle != nil:
			t.Errorf("%s: the chart renders caBundle: an upgrade would undo what the injector published", entry.Name)
		case strings.HasSuffix(entry.Name, "sidecar-injector.istio.io"):
			t.Errorf("%s: istiod would take this entry for its own", entry.Name)
		case *entry.FailurePolicy != admissionregistrationv1.Fail || *entry.TimeoutSeconds != 5:
			t.Errorf("%s: failurePolicy %s, timeoutSeconds %d", entry.Name, *entry.FailurePolicy, *entry.TimeoutSeconds)
		case *entry.ReinvocationPolicy != admissionregistrationv1.IfNeededReinvocationPolicy || *entry.MatchPolicy != admissionregistrationv1.Equivalent:
			t.Errorf("%s: reinvocationPolicy %s, matchPolicy %s", entry.Name, *entry.ReinvocationPolicy, *entry.MatchPolicy)
		case *entry.SideEffects != admissionregistrationv1.SideEffectClassNoneOnDryRun:
			t.Errorf("%s: sideEffects %s", entry.Name, *entry.SideEffects)
		}
		for _, term := range entry.NamespaceSelector.MatchExpressions {
			if term.Key == "kubernetes.io/metadata.name" {
				for _, namespace := range []string{"kube-system", "kube-public", "kube-node-lease", "cert-manager", "sidecar-injector"} {
					if !slices.Contains(term.Values, namespace) {
						t.Errorf("%s: namespace %s is not excluded", entry.Name, namespace)
					}
				}
			}
		}
	}
	want := map[string]string{
		"namespace.sidecar-injector.github.io": webhook.ScopeNamespace.Path(),
		"pod.sidecar-injector.github.io":       webhook.ScopePod.Path(),
	}
	for name, path := range want {
		if paths[name] != path {
			t.Errorf("entry %s has the path %q, want %q", name, paths[name], path)
		}
	}
}

// A CA that is renewed before the last serving certificate under it ends never takes one down with it.
func TestCAOutlivesWhatItSigns(t *testing.T) {
	var ca, serving *certmanagerv1.Certificate
	for _, object := range installed(t) {
		if certificate, ok := object.(*certmanagerv1.Certificate); ok {
			if certificate.Spec.IsCA {
				ca = certificate
			} else {
				serving = certificate
			}
		}
	}
	if ca == nil || serving == nil || ca.Spec.RenewBefore.Duration <= serving.Spec.Duration.Duration {
		t.Errorf("CA %+v, serving certificate %+v: the CA's renewBefore is not longer than a serving certificate's life", ca, serving)
	}
}

// The init container's program is in the injector's own image: both are of one version.
func TestInitImageIsTheChartsVersion(t *testing.T) {
	text, err := os.ReadFile("sidecar-injector/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(text, &chart); err != nil {
		t.Fatal(err)
	}
	profile, err := templates.BuiltinProfile(templates.DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	image, _ := profile.Values["init"].(map[string]any)["image"].(string)
	if !strings.HasSuffix(image, ":"+chart.AppVersion) {
		t.Errorf("the init image is %s, want the chart's appVersion %s", image, chart.AppVersion)
	}
}
