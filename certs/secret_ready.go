package certs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// peersInterval is how often a replica that waits to be ready looks whether
// another one is.
const peersInterval = time.Second

// becomeReady finds out whether a replica that was started may be sent pods: all
// API servers know its CA by now, or they know no other replica. Once it may, it
// stays so: what the replicas share must not empty the Service. It returns when to
// look again.
func (s *SecretSource) becomeReady(ctx context.Context, seen *view) time.Time {
	if s.unready.Load() == nil {
		return time.Time{}
	}
	err := s.mayBeReady(ctx, seen)
	if err == nil {
		s.unready.Store(nil)
		return time.Time{}
	}
	s.unready.Store(&err)
	return seen.now.Add(peersInterval)
}

// mayBeReady says what is missing.
func (s *SecretSource) mayBeReady(ctx context.Context, seen *view) error {
	serving := s.pair.Load()
	if serving == nil {
		_, err := s.GetCertificate(nil)
		return err
	}
	since, err := s.trust.trustedSince(serving, seen.now)
	if err != nil {
		return fmt.Errorf("waiting for trust in the serving pair: %w", err)
	}
	end := since.Add(s.options.Slack)
	if !seen.now.Before(end) {
		return nil
	}
	ready, err := s.peersReady(ctx)
	if err != nil {
		return fmt.Errorf("look for other replicas: %w", err)
	}
	if ready {
		return fmt.Errorf("waiting until %s, when every API server knows that caBundle verifies the serving pair", end.UTC().Format(time.RFC3339))
	}
	return nil
}

// peersReady reports whether another replica is ready behind a Service of the
// webhook configuration.
func (s *SecretSource) peersReady(ctx context.Context) (bool, error) {
	asked := map[types.NamespacedName]bool{}
	for _, entry := range s.trust.entries() {
		if s.options.Peers == nil || entry.service.Name == "" || asked[entry.service] {
			continue
		}
		asked[entry.service] = true
		if ready, err := s.options.Peers(ctx, entry.service); ready || err != nil {
			return ready, err
		}
	}
	return false, nil
}

// askForAnother has cert-manager issue another pair if the Secret is bad for long,
// and returns when to look again.
func (s *SecretSource) askForAnother(ctx context.Context, seen *view) time.Time {
	var problem error
	switch {
	// One that is early becomes good by itself, and names are the Certificate's own:
	// cert-manager sees whether they are as they should be.
	case seen.refused != nil && seen.refused.reason != refusedEarly && seen.refused.reason != refusedName:
		problem = seen.refused
	case errors.Is(seen.foreign, errForeign):
		problem = seen.foreign
	}
	ask, again := s.plea.due(problem != nil && seen.certificate != nil, seen.now)
	if !ask || Issuing(seen.certificate) {
		return again
	}
	err := RequestIssuance(ctx, s.options.Client, seen.certificate, "ServingPairRefused", problem.Error(), seen.now)
	if err != nil {
		// Another replica may have asked, or it is tried again later.
		log.FromContext(ctx).Info("Serving pair could not be asked for", "error", err.Error(), "again", again)
		return again
	}
	log.FromContext(ctx).Info("Serving pair asked for", "because", problem.Error())
	s.event(seen, false, "ServingPairRequested", "Request", "asked cert-manager to issue it again: "+problem.Error())
	return again
}
