package consul

import (
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/reference"
)

func profile() *reference.Profile {
	return &reference.Profile{Name: "consul"}
}

// TestPods compares the pods of the profile consul with those that Consul's own injector made.
func TestPods(t *testing.T) {
	reference.Load(t, "consul").Run(t, profile())
}
