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

// TestTwice injects those pods again, which changes nothing.
func TestTwice(t *testing.T) { reference.Load(t, "consul").Twice(t, profile()) }

// TestRemove takes them back.
func TestRemove(t *testing.T) { reference.Load(t, "consul").Remove(t, profile()) }
