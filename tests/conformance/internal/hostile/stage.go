package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Harmless is what stands at a place when nothing is tried there.
const Harmless = "harmless"

// Place is a place whose value somebody else than the operator controls.
type Place struct {
	Name string
	// Set puts a value there.
	Set func(pod map[string]any, namespace *metav1.ObjectMeta, value string)
	// Harmless are values for the comparison where "harmless" is refused, one for each structure that is meant.
	Harmless []string
	// Names is what a refusal has to name, such as an annotation. Empty: it says why, at least.
	Names string
}

// Stage is the webhook of a profile, and the pod in which the places are.
type Stage struct {
	// Name of the stage.
	Name string
	// Profile is the name of a built-in profile, Values are those of its configuration.
	Profile string
	Values  map[string]any
	// Pod is the pod in YAML.
	Pod string
	// Namespace is that of the pod.
	Namespace metav1.ObjectMeta
	// Sample is how many values stand for one that is tried. Zero: all are tried.
	Sample int
	// Forget takes out of an injected pod what follows a value by intention, such as a hash. Nil: nothing.
	Forget func(pod map[string]any)
}

// Try puts every value at every place. The property: the pod has the structure that it has with a harmless value, or it is
// refused with a message that says where.
func (s *Stage) Try(t *testing.T, places []Place) {
	log.SetLogger(logr.Discard())
	config, err := webhook.NewConfig(nil, webhook.ConfigFile{Profile: s.Profile}, s.Values)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		t.Run(s.Name+"/"+place.Name, func(t *testing.T) {
			t.Parallel()
			s.tryPlace(t, config, &place)
		})
	}
}

func (s *Stage) tryPlace(t *testing.T, config *webhook.Config, place *Place) {
	benign := map[string]map[string]any{}
	for _, value := range append([]string{Harmless}, place.Harmless...) {
		pod, message := s.admit(t, config, place, value)
		if message == "" {
			benign[value] = pod
		} else if value != Harmless {
			t.Fatalf("the harmless value %q is refused: %s", value, message)
		}
	}
	if len(benign) == 0 {
		t.Fatal("no harmless value is taken")
	}
	for i, value := range Values() {
		if s.Sample > 0 && i%s.Sample > 0 {
			continue
		}
		pod, message := s.admit(t, config, place, value)
		if message != "" {
			if !strings.Contains(message, place.Names) {
				t.Errorf("%q: the refusal does not name %s: %.300s", value, place.Names, message)
			}
			continue
		}
		problem := ""
		for harmless := range benign {
			if problem = Difference(benign[harmless], pod, harmless); problem == "" {
				break
			}
		}
		if problem != "" {
			t.Errorf("%q broke out: %s", value, problem)
		}
	}
}

// admit asks the webhook about the pod with a value at a place, and returns the pod that comes out, or why there is none.
func (s *Stage) admit(t *testing.T, config *webhook.Config, place *Place, value string) (injected map[string]any, refusal string) {
	var pod map[string]any
	if err := yaml.Unmarshal([]byte(s.Pod), &pod); err != nil {
		t.Fatal(err)
	}
	namespace := s.Namespace.DeepCopy()
	place.Set(pod, namespace, value)
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: known{namespace}})
	if err != nil {
		t.Fatal(err)
	}
	answer := handler.For(webhook.ScopePod, nil).Handle(context.Background(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Operation: admissionv1.Create,
		Namespace: namespace.Name, Object: runtime.RawExtension{Raw: raw},
	}})
	if !answer.Allowed {
		return nil, fmt.Sprintf("%s: %s", answer.AuditAnnotations["reason"], answer.Result.Message)
	}
	if len(answer.Patch) > 0 {
		patch, err := jsonpatch.DecodePatch(answer.Patch)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = patch.Apply(raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(raw, &injected); err != nil {
		t.Fatal(err)
	}
	if s.Forget != nil {
		s.Forget(injected)
	}
	return injected, ""
}

// known knows one namespace.
type known struct{ meta *metav1.ObjectMeta }

func (k known) Namespace(string) *metav1.ObjectMeta { return k.meta }
