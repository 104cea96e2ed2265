package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// configPath is where API servers ask about the configuration.
const configPath = "/validate/config"

// AnnotationInstallation of the ConfigMap says for which version of the injector, and which of its flags, a configuration is
// meant. An upgrade stores the ConfigMap while the old version runs, which may not know what the new one takes.
const AnnotationInstallation = "sidecar-injector.github.io/installation"

// configValidator refuses a ConfigMap before it is stored, in the words in which a reload would refuse it. Whatever it
// cannot judge it lets through, with a warning: the last good configuration stays in use anyway.
type configValidator struct {
	source       *configMapSource
	key          types.NamespacedName
	installation string
	turn         chan struct{} // holds one while a configuration is parsed, which may take as much as an admission of the largest pod
}

func newConfigValidator(source *configMapSource, key types.NamespacedName, installation string) *configValidator {
	return &configValidator{source: source, key: key, installation: installation, turn: make(chan struct{}, 1)}
}

// Handle answers for one ConfigMap.
func (v *configValidator) Handle(ctx context.Context, req admission.Request) admission.Response {
	refused, unknown := v.check(ctx, &req)
	if unknown != nil {
		return admission.Allowed("").WithWarnings("sidecar-injector: the configuration was not checked: " + eventNote(unknown))
	}
	if refused != nil {
		log.FromContext(ctx).Info("Change of the configuration refused", "because", eventNote(refused))
		return admission.Errored(http.StatusUnprocessableEntity, errors.New(eventNote(refused)))
	}
	return admission.Allowed("")
}

// check returns why the ConfigMap is refused, or why that cannot be known.
func (v *configValidator) check(ctx context.Context, req *admission.Request) (refused, unknown error) {
	var object, old corev1.ConfigMap
	if err := json.Unmarshal(req.Object.Raw, &object); err != nil {
		return nil, fmt.Errorf("decode the ConfigMap: %w", err)
	}
	if req.Operation == admissionv1.Update {
		if err := json.Unmarshal(req.OldObject.Raw, &old); err != nil {
			return nil, fmt.Errorf("decode the ConfigMap before the change: %w", err)
		}
	}
	if meant, given := object.Annotations[AnnotationInstallation]; given && meant != v.installation {
		return nil, fmt.Errorf("it is meant for %q, and this injector is %q", meant, v.installation)
	}
	if err := v.known(ctx, req, &old); err != nil {
		return nil, err
	}
	if old.UID != "" && equality.Semantic.DeepEqual(old.Data, object.Data) && equality.Semantic.DeepEqual(old.BinaryData, object.BinaryData) {
		return nil, nil // of its metadata the injector says nothing
	}
	in, err := v.source.inputs(ctx, &object)
	if err != nil {
		return nil, err
	}
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return nil, errors.New("others are checked")
	}
	_, err = in.Parse()
	return err, nil
}

// known reports a request that cannot be the API server's: it would name the ConfigMap that there is by its UID, which
// strangers who reach the port do not know. To parse a configuration takes more than to look at a pod.
func (v *configValidator) known(ctx context.Context, req *admission.Request, old *corev1.ConfigMap) error {
	if req.Namespace != v.key.Namespace || req.Name != v.key.Name {
		return fmt.Errorf("it is not ConfigMap %q", v.key)
	}
	var current corev1.ConfigMap
	err := v.source.reader.Get(ctx, v.key, &current)
	switch {
	case err != nil && !apierrors.IsNotFound(err):
		return fmt.Errorf("read ConfigMap %q: %w", v.key, err)
	case old.UID != current.UID: // neither has one when it is created
		return fmt.Errorf("the change is of another ConfigMap %q than the one that is known", v.key)
	}
	return nil
}
