package istio

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// configText is the key config of the ConfigMap istio-sidecar-injector. Its key template is for versions that do not
// know templates, and fails on purpose in all others.
type configText struct {
	Policy               string                 `json:"policy"`
	DefaultTemplates     []string               `json:"defaultTemplates"`
	Templates            map[string]string      `json:"templates"`
	Aliases              map[string][]string    `json:"aliases"`
	NeverInjectSelector  []metav1.LabelSelector `json:"neverInjectSelector"`
	AlwaysInjectSelector []metav1.LabelSelector `json:"alwaysInjectSelector"`
	InjectedAnnotations  map[string]string      `json:"injectedAnnotations"`
}

func readConfig(text []byte) (*configText, error) {
	config := &configText{}
	if err := strictyaml.ReadKnown(text, config); err != nil {
		return nil, err
	}
	if len(config.Templates) == 0 {
		return nil, errNoTemplates
	}
	if len(config.DefaultTemplates) == 0 {
		config.DefaultTemplates = []string{"sidecar"}
	}
	if config.Policy != "enabled" && config.Policy != "disabled" {
		return nil, &strictyaml.Error{Path: "policy", Line: strictyaml.Line(text, "policy"),
			Problem: fmt.Sprintf("policy %q is not allowed, want enabled or disabled", config.Policy)}
	}
	return config, nil
}
