package istio

import (
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// values are the key values of the ConfigMap istio-sidecar-injector.
type values struct {
	// all is what templates see. Numbers are float64, as its templates expect them.
	all map[string]any
	// known are those that are read in Go.
	known struct {
		Global struct {
			Hub       string `json:"hub"`
			Tag       any    `json:"tag"` // a string, or a number that YAML made of one
			Variant   string `json:"variant"`
			Network   string `json:"network"`
			ProxyInit struct {
				Image string `json:"image"`
			} `json:"proxy_init"`
			Proxy struct {
				Image           string `json:"image"`
				HoldApplication bool   `json:"holdApplicationUntilProxyStarts"`
			} `json:"proxy"`
			MultiCluster struct {
				ClusterName string `json:"clusterName"`
			} `json:"multiCluster"`
		} `json:"global"`
		Webhook struct {
			RewriteProbes bool `json:"rewriteAppHTTPProbe"`
		} `json:"sidecarInjectorWebhook"`
	}
}

func readValues(text []byte) (*values, error) {
	v := &values{all: map[string]any{}}
	if err := strictyaml.ReadKnown(text, &v.all); err != nil {
		return nil, err
	}
	if err := strictyaml.ReadKnown(text, &v.known); err != nil {
		return nil, err
	}
	return v, nil
}

// tag is the tag of the images.
func (v *values) tag() string {
	if v.known.Global.Tag == nil {
		return ""
	}
	return fmt.Sprint(v.known.Global.Tag)
}
