package main

import (
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// newOurs returns our webhook with the built-in profile, at the entry for pods that ask for themselves.
func newOurs() (injector, error) {
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		return injector{}, fmt.Errorf("configure our webhook: %w", err)
	}
	return ours(config)
}

// newOursOfIstio returns our webhook with Istio's own templates and settings, at the same entry.
func newOursOfIstio(of installation) (injector, error) {
	config, err := webhook.ParseIstio(of.sources(), webhook.ConfigFile{})
	if err != nil {
		return injector{}, fmt.Errorf("configure our webhook: %w", err)
	}
	return ours(config)
}

func (i installation) sources() istio.Sources {
	return istio.Sources{Config: []byte(i.config), Values: []byte(i.values), Mesh: []byte(i.mesh), NativeSidecars: true}
}

func ours(config *webhook.Config) (injector, error) {
	log.SetLogger(logr.Discard())
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: oneNamespace{}})
	if err != nil {
		return injector{}, fmt.Errorf("configure our webhook: %w", err)
	}
	mux := muxServer{http.NewServeMux()}
	handler.Register(mux)
	return injector{handler: mux, path: webhook.ScopePod.Path(), register: func(in registrar) { handler.Register(in) }}, nil
}

// registrar takes what a handler registers: a mux here, controller-runtime's server behind HTTPS.
type registrar interface {
	Register(path string, hook http.Handler)
}

type muxServer struct{ *http.ServeMux }

func (m muxServer) Register(path string, hook http.Handler) { m.Handle(path, hook) }

// oneNamespace knows the namespace of the pods, as the program would.
type oneNamespace struct{}

var known = &metav1.ObjectMeta{Name: namespace, Labels: map[string]string{"kubernetes.io/metadata.name": namespace}}

func (oneNamespace) Namespace(name string) *metav1.ObjectMeta {
	if name == known.Name {
		return known
	}
	return nil
}
