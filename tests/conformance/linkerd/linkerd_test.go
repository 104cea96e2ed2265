// Package linkerd compares the pods of the profile linkerd with those of Linkerd's own injector.
package linkerd

import (
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/reference"
)

func load(t *testing.T) (*reference.Cases, *reference.Profile) {
	t.Helper()
	cases := reference.Load(t, "linkerd")
	anchors := cases.File(t, "linkerd-trust-anchors.pem")
	return cases, &reference.Profile{
		Name: "linkerd",
		Values: func(values map[string]any) map[string]any {
			if values["identityTrustAnchorsPEM"] == "PEM" {
				values["identityTrustAnchorsPEM"] = anchors
			}
			return values
		},
		Reasons: map[string]string{
			"invalid_inject_annotation_at_workload": "invalid_value",
			"injection_disable_annotation_present":  "opted_out_by_annotation",
		},
		Exceptions: []*reference.Exception{{
			Name: "a request above its limit, which the API server refuses, is refused with the annotation's name",
			Outcome: func(one *reference.Case, outcome, message string) bool {
				return one.Injected != nil && outcome == "refused" && strings.Contains(message, "is above the limit")
			},
		}},
	}
}

// TestPods puts every pod through the webhook.
func TestPods(t *testing.T) {
	cases, profile := load(t)
	cases.Run(t, profile)
}

// TestTwice injects every injected pod again.
func TestTwice(t *testing.T) {
	cases, profile := load(t)
	cases.Twice(t, profile)
}

// TestRemoved takes the injection away again.
func TestRemoved(t *testing.T) {
	cases, profile := load(t)
	cases.Remove(t, profile)
}
