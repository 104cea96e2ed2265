package serve

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// TestConfigValidator shows which changes of the ConfigMap are refused, and which are let through since nothing is known of
// them.
func TestConfigValidator(t *testing.T) {
	key := types.NamespacedName{Namespace: "injector", Name: "config"}
	configMap := func(uid types.UID, config, installation string) *corev1.ConfigMap {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: uid},
			Data:       map[string]string{"config": config, "values": "{}"},
		}
		if installation != "" {
			object.Annotations = map[string]string{AnnotationInstallation: installation}
		}
		return object
	}
	encode := func(object *corev1.ConfigMap) runtime.RawExtension {
		if object == nil {
			return runtime.RawExtension{}
		}
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		return runtime.RawExtension{Raw: raw}
	}
	const notChecked = "sidecar-injector: the configuration was not checked: "
	for sentence, test := range map[string]struct {
		stored, old, object *corev1.ConfigMap
		busy                bool
		refused, warned     string
	}{
		"a good one is created":            {nil, nil, configMap("", goodConfig, ""), false, "", ""},
		"a bad one is created":             {nil, nil, configMap("", badConfig, ""), false, `config: line 1: policy "perhaps"`, ""},
		"a good one becomes another":       {configMap("1", goodConfig, ""), configMap("1", goodConfig, ""), configMap("1", otherConfig, ""), false, "", ""},
		"a good one becomes a bad one":     {configMap("1", goodConfig, ""), configMap("1", goodConfig, ""), configMap("1", badConfig, ""), false, `config: line 1: policy "perhaps"`, ""},
		"a bad one is annotated":           {configMap("1", badConfig, ""), configMap("1", badConfig, ""), configMap("1", badConfig, "v1"), false, "", ""},
		"one for this installation":        {nil, nil, configMap("", badConfig, "v1"), false, `config: line 1: policy "perhaps"`, ""},
		"one for another version":          {nil, nil, configMap("", badConfig, "v2"), false, "", notChecked + `it is meant for "v2", and this injector is "v1"`},
		"a stranger asks, who lacks a UID": {configMap("1", goodConfig, ""), nil, configMap("", badConfig, ""), false, "", notChecked + "the change is of another ConfigMap"},
		"a stranger asks, with a wrong UID": {configMap("1", goodConfig, ""), configMap("2", goodConfig, ""), configMap("2", badConfig, ""), false, "",
			notChecked + "the change is of another ConfigMap"},
		"others are checked for too long": {nil, nil, configMap("", badConfig, ""), true, "", notChecked + "others are checked"},
	} {
		t.Run(sentence, func(t *testing.T) {
			api := fake.NewClientBuilder().WithScheme(newScheme())
			if test.stored != nil {
				api.WithObjects(test.stored)
			}
			validator := newConfigValidator(&configMapSource{reader: api.Build()}, key, "v1")
			request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
				Operation: admissionv1.Create, Namespace: key.Namespace, Name: key.Name, Object: encode(test.object), OldObject: encode(test.old)}}
			if test.old != nil {
				request.Operation = admissionv1.Update
			}
			ctx := t.Context()
			if test.busy {
				validator.turn <- struct{}{}
				var end context.CancelFunc
				ctx, end = context.WithTimeout(ctx, time.Millisecond)
				defer end()
			}
			response := validator.Handle(ctx, request)
			if response.Allowed != (test.refused == "") || !strings.HasPrefix(response.Result.Message, test.refused) {
				t.Errorf("allowed %v, %q, want a refusal: %q", response.Allowed, response.Result.Message, test.refused)
			}
			if warned := strings.Join(response.Warnings, "\n"); !strings.HasPrefix(warned, test.warned) || (warned == "") != (test.warned == "") {
				t.Errorf("warnings %q, want %q", warned, test.warned)
			}
		})
	}
}
