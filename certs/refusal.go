package certs

import (
	"errors"
	"fmt"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
)

// Why a pair is refused, as the metric names it.
const (
	refusedMissing   = "missing"
	refusedMalformed = "malformed"
	refusedEarly     = "not_yet_valid"
	refusedExpired   = "expired"
	refusedCA        = "wrong_ca"
	refusedName      = "wrong_name"
)

// refusals are all of them.
var refusals = []string{refusedMissing, refusedMalformed, refusedEarly, refusedExpired, refusedCA, refusedName}

// refusal says why a pair is not good in itself.
type refusal struct {
	reason string
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// refusalOf names the reason of an error of ParsePair.
func refusalOf(err error) *refusal {
	var early *NotYetValidError
	switch {
	case errors.As(err, &early):
		return &refusal{refusedEarly, err}
	case errors.Is(err, errExpired):
		return &refusal{refusedExpired, err}
	case errors.Is(err, errWrongCA):
		return &refusal{refusedCA, err}
	}
	return &refusal{refusedMalformed, err}
}

// parse returns the pair of the Secret, or why it is refused.
func (s *SecretSource) parse(secret *corev1.Secret, now time.Time) (*Pair, *refusal) {
	pair, err := ParsePair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey], secret.Data[cmmeta.TLSCAKey], now)
	if err == nil && pair.CA == nil && s.options.Certificate != nil {
		err = fmt.Errorf("%w: it is empty", errWrongCA)
	}
	if err != nil {
		return nil, refusalOf(fmt.Errorf("read Secret %q: %w", s.options.Secret, err))
	}
	return pair, nil
}

// checkNames refuses a pair that is for none of the names by which API servers ask
// for the webhooks, or not for one that the served pair is for. A webhook that was
// given a foreign name does not stand in the way of the others.
func (s *SecretSource) checkNames(seen *view) {
	if seen.pair == nil {
		return
	}
	var wrong *refusal
	right := false
	serving := s.pair.Load()
	for _, entry := range s.trust.entries() {
		if entry.host == "" {
			continue
		}
		err := seen.pair.Certificate.Leaf.VerifyHostname(entry.host)
		if err == nil {
			right = true
			continue
		}
		refused := &refusal{refusedName, fmt.Errorf("read Secret %q: webhook %q: %w", s.options.Secret, entry.name, err)}
		if serving != nil && serving.Certificate.Leaf.VerifyHostname(entry.host) == nil {
			seen.pair, seen.refused = nil, refused
			return
		}
		if wrong == nil {
			wrong = refused
		}
	}
	if wrong != nil && !right {
		seen.pair, seen.refused = nil, wrong
	}
}
