package valid

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// injector is our webhook with one configuration, and the sidecar that generated pods collide with.
type injector struct {
	name    string
	sidecar pods.Sidecar
	engine  *templates.Engine
	handler admission.Handler
}

// settings are a configuration of our webhook.
type settings struct{ name, config, values string }

// newInjectors returns the configurations that pods meet in turn.
func newInjectors() ([]*injector, error) {
	// Otherwise pods that bring an image or a command for a container with capabilities are refused for that alone.
	const open = "podPolicy: {privilegedContainers: open}"
	all, err := configured(pods.Envoy(),
		settings{"envoy", "", ""},
		settings{"envoy, ordinary containers, all open", open, "nativeSidecars: false"},
		settings{"envoy, TPROXY and tracing, all open", open, "capture: {mode: TPROXY}\ntracing: {host: otel.example.com}\nimagePullSecrets: [{name: registry}]"})
	if err != nil {
		return nil, err
	}
	for _, native := range []bool{true, false} {
		i, err := newIstio(native)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// newLinkerds returns configurations of the profile linkerd.
func newLinkerds() ([]*injector, error) {
	const roots = "identityTrustAnchorsPEM: roots\n"
	return configured(pods.Linkerd(),
		settings{"linkerd", "profile: linkerd", roots},
		settings{"linkerd, ordinary containers", "profile: linkerd", roots + "proxy: {nativeSidecar: false}"},
		settings{"linkerd, CNI, the pod's token", "profile: linkerd", roots + "cniEnabled: true\nidentity: {serviceAccountTokenProjection: false}"})
}

// configured returns an injector for each of the settings.
func configured(sidecar pods.Sidecar, all ...settings) ([]*injector, error) {
	log.SetLogger(logr.Discard())
	var injectors []*injector
	for _, s := range all {
		config, err := webhook.Parse([]byte(s.config), []byte(s.values))
		if err != nil {
			return nil, fmt.Errorf("configure %q: %w", s.name, err)
		}
		i, err := newInjector(s.name, config, sidecar)
		if err != nil {
			return nil, err
		}
		injectors = append(injectors, i)
	}
	return injectors, nil
}

func newInjector(name string, config *webhook.Config, sidecar pods.Sidecar) (*injector, error) {
	handler, err := webhook.New(webhook.Options{Config: config})
	if err != nil {
		return nil, fmt.Errorf("make the handler of %q: %w", name, err)
	}
	return &injector{name: name, sidecar: sidecar, engine: config.Engine(), handler: handler.For(webhook.ScopeNamespace, nil)}, nil
}

// outcome is our webhook's answer to one pod.
type outcome struct {
	// pod is the pod afterwards: patched, or as it was sent.
	pod        []byte
	operations []admissionOperation
	// reason is that of the decision.
	reason   string
	warnings []string
	// denied says why the pod is refused, status with which HTTP status.
	denied string
	status int32
}

type admissionOperation struct {
	Operation string `json:"op"`
	Path      string `json:"path"`
}

// admit asks our webhook about a pod and applies its patch. An error says that the answer makes no sense.
func (i *injector) admit(pod []byte) (outcome, error) {
	response := i.handler.Handle(context.Background(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID:       "5f0c6a1e-0000-4000-8000-000000000002",
		Kind:      metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Namespace: pods.Namespace,
		Operation: admissionv1.Create,
		Object:    runtime.RawExtension{Raw: pod},
	}})
	o := outcome{pod: pod, reason: response.AuditAnnotations["reason"], warnings: response.Warnings}
	if !response.Allowed {
		o.denied, o.status = "no reason given", http.StatusInternalServerError
		if response.Result != nil {
			o.denied, o.status = response.Result.Message, response.Result.Code
		}
		return o, nil
	}
	text := response.Patch
	if len(response.Patches) > 0 {
		var err error
		if text, err = json.Marshal(response.Patches); err != nil {
			return o, fmt.Errorf("encode the patch: %w", err)
		}
	}
	if len(text) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(text, &o.operations); err != nil {
		return o, fmt.Errorf("decode the patch: %w", err)
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		return o, fmt.Errorf("decode the patch: %w", err)
	}
	if o.pod, err = patch.Apply(pod); err != nil {
		return o, fmt.Errorf("apply the patch: %w", err)
	}
	return o, nil
}
