package certs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// A replica that starts is ready when every API server trusts what it serves, or
// when there is no other to send pods to; and it stays ready.
func TestSecretSourceReady(t *testing.T) {
	ca, other := newCA(t, "ours"), newCA(t, "other")
	const s, m = time.Second, time.Minute
	type step struct {
		at      time.Duration
		trust   []*testCA // of now; nil: as before
		peers   bool
		waiting string // a part of what it waits for; empty: it is ready
	}
	for name, steps := range map[string][]step{
		"trusted for long": {{10 * m, []*testCA{ca}, true, ""}},
		"trusted since shortly, beside a ready replica": {
			{2 * m, []*testCA{other}, true, "waiting for trust in the serving pair"},
			{3 * m, []*testCA{other, ca}, true, "waiting until 2026-03-01T12:08:00Z"},
			{8*m - s, nil, true, "waiting until 2026-03-01T12:08:00Z"},
			{8 * m, nil, true, ""},
		},
		"trusted since shortly, and alone":    {{2 * m, []*testCA{other}, false, "waiting for trust"}, {3 * m, []*testCA{ca}, false, ""}},
		"until the ready replica is away":     {{2 * m, []*testCA{ca}, true, "waiting until"}, {3 * m, nil, false, ""}},
		"not trusted, and alone":              {{30 * m, []*testCA{other}, false, `the caBundle of webhook "a.example.com" does not verify it`}},
		"no longer trusted when it was ready": {{10 * m, []*testCA{ca}, true, ""}, {11 * m, []*testCA{other}, true, ""}},
		"no caBundle yet, and then the right": {{2 * m, []*testCA{}, false, `webhook "a.example.com" has no caBundle`}, {3 * m, []*testCA{ca}, false, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			certificate, key := ca.leaf(t, epoch)
			f.put(t, certificate, key, ca.pem)
			for _, step := range steps {
				if step.trust != nil {
					f.trust(t, step.trust...)
				}
				f.peers = step.peers
				again := f.at(t, step.at)
				switch err := f.Ready(); {
				case step.waiting == "" && err != nil:
					t.Errorf("at %s: it is not ready: %v", step.at, err)
				case step.waiting != "" && (err == nil || !strings.Contains(err.Error(), step.waiting)):
					t.Errorf("at %s: it waits for %v, want %q", step.at, err, step.waiting)
				case err != nil && again > step.at+peersInterval:
					t.Errorf("at %s: it looks again at %s only", step.at, again)
				}
			}
		})
	}
}

func TestSecretSourceAsksForThePeersOfItsService(t *testing.T) {
	broken := errors.New("no endpoints today")
	var asked []types.NamespacedName
	f := newFixture(t, func(o *SecretOptions) {
		o.Peers = func(_ context.Context, service types.NamespacedName) (bool, error) {
			asked = append(asked, service)
			return false, broken
		}
	})
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch)
	f.put(t, certificate, key, ca.pem)
	f.trust(t, ca)
	f.at(t, time.Minute)
	if err := f.Ready(); !errors.Is(err, broken) {
		t.Errorf("got %v, want to wait: who cannot be asked may be ready", err)
	}
	if len(asked) != 1 || asked[0] != (types.NamespacedName{Namespace: "ns", Name: "webhook"}) {
		t.Errorf("asked for %v", asked)
	}
}
