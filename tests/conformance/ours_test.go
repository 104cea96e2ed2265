package conformance

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	ours "github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// ourMarker is the annotation by which we know our own work. It is the one thing that comparisons ignore.
const ourMarker = "sidecar-injector.github.io/istio-status"

// newOurs returns our webhook, at the entry for namespaces that opted in.
func newOurs(c configuration) (*injector, error) {
	return newOursAt(c, webhook.ScopeNamespace)
}

func newOursAt(c configuration, scope webhook.Scope) (*injector, error) {
	log.SetLogger(logr.Discard())
	in := ours.Inputs{Config: []byte("profile: istio\npodPolicy: " + cmp.Or(c.podPolicy, "{}")), Istio: &istio.Sources{
		Config:           []byte(c.config),
		Values:           []byte(c.values),
		Mesh:             []byte(c.mesh),
		ProxyConfigs:     c.proxyConfigs,
		NativeSidecars:   !c.classic,
		OpenShift:        c.openShift,
		CompliancePolicy: c.compliancePolicy,
	}}
	config, err := in.Parse()
	if err != nil {
		return nil, fmt.Errorf("configure our webhook: %w", err)
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: knownNamespaces{}})
	if err != nil {
		return nil, err
	}
	mux := muxServer{http.NewServeMux()}
	handler.Register(mux)
	return &injector{handler: mux, path: scope.Path() + c.environment}, nil
}

// muxServer takes the handlers that our webhook registers.
type muxServer struct{ *http.ServeMux }

func (m muxServer) Register(path string, hook http.Handler) { m.Handle(path, hook) }

// knownNamespaces knows the one namespace that is of importance.
type knownNamespaces struct{}

func (knownNamespaces) Namespace(name string) *metav1.ObjectMeta {
	if known := namespaceWithRanges(); known.Name == name {
		return &known.ObjectMeta
	}
	return nil
}
