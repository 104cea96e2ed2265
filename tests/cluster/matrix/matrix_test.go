package matrix

import (
	"strings"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
)

// TestMatrix: every set of values is refused in one line that names the value, or passes Helm's lint, and each of its objects is
// of its API: no field that the type does not know, no key twice.
func TestMatrix(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, certmanagerv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	for name, set := range Sets() {
		t.Run(name, func(t *testing.T) {
			documents, err := Render(Chart, "sidecar-injector", set.Values)
			if set.Refused != "" {
				if err == nil || !oneLineHas(err.Error(), set.Refused) {
					t.Fatalf("error %v, want a line with %s", err, set.Refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkLint(t, set.Values)
			for _, document := range documents {
				object, _, err := decoder.Decode(document, nil, nil)
				if err != nil {
					t.Errorf("%v in\n%s", err, document)
					continue
				}
				if configuration, ok := object.(*admissionregistrationv1.MutatingWebhookConfiguration); ok {
					if _, err := selection.New(configuration); err != nil { // its selectors and conditions compile
						t.Error(err)
					}
				}
			}
		})
	}
}

// oneLineHas says whether a text is in one line of another: Helm has lines before and behind what its schema says.
func oneLineHas(text, want string) bool {
	for line := range strings.Lines(text) {
		if strings.Contains(line, want) {
			return true
		}
	}
	return false
}

// checkLint runs `helm lint --strict`.
func checkLint(t *testing.T, values string) {
	t.Helper()
	given := map[string]any{}
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		t.Fatal(err)
	}
	for _, message := range lint.RunAll(Chart, given, "sidecar-injector").Messages {
		if message.Severity >= support.WarningSev {
			t.Errorf("helm lint: %v", message)
		}
	}
}
