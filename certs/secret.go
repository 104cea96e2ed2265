package certs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// SecretOptions are the settings of a [SecretSource].
type SecretOptions struct {
	// Secret names the Secret with the keys tls.crt, tls.key and ca.crt. Required.
	Secret types.NamespacedName
	// Configuration names the MutatingWebhookConfiguration whose caBundles decide
	// when a pair is adopted. Required.
	Configuration string
	// Client reads both, usually from a cache, and asks cert-manager for another
	// pair. Required.
	Client client.Client
	// Certificate returns the cert-manager Certificate that the Secret belongs to,
	// or nil while it is not known; nothing in it is changed. A CA is told to the
	// publisher only if it was issued for that. Nil: there is no cert-manager, and
	// whatever the Secret holds is believed.
	Certificate func() *cmapi.Certificate
	// Slack is how long every caBundle shall have verified a pair before it
	// replaces another. 0: no time.
	Slack time.Duration
	// Peers reports whether another replica behind the Service is ready. Nil: none
	// is.
	Peers func(ctx context.Context, service types.NamespacedName) (bool, error)
	// Changed is called after the result of CAs has changed. Nil: nobody is told.
	Changed func()
	// Recorder gets Events on the Certificate. Nil: none.
	Recorder events.EventRecorder
	// Metrics counts adoptions and refusals. Nil: none.
	Metrics *Metrics
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// SecretSource serves the pair of one Secret. It is a [Source] and a [Trust], and
// a reconciler: whoever owns it calls Reconcile, never twice at a time, when the
// Secret, the webhook configuration or the Certificate changes.
type SecretSource struct {
	holder
	options SecretOptions

	cas     atomic.Pointer[[]CA]
	unready atomic.Pointer[error] // nil: it is ready, and stays so
	notices atomic.Pointer[[]string]

	// What only Reconcile uses.
	trust    trustLog
	offered  *Pair // the last good one in the Secret
	vouched  map[*Pair]bool
	plea     plea
	reported string // what was told last of the pair in the Secret
	untold   *event // that waits until the Certificate is known
}

var (
	_ Source               = (*SecretSource)(nil)
	_ Trust                = (*SecretSource)(nil)
	_ reconcile.Reconciler = (*SecretSource)(nil)
)

// NewSecretSource returns a source that has not read its Secret yet.
func NewSecretSource(options SecretOptions) (*SecretSource, error) {
	switch {
	case options.Secret.Name == "" || options.Secret.Namespace == "":
		return nil, fmt.Errorf("name the Secret of the serving pair: %q has no namespace or no name", options.Secret)
	case options.Configuration == "":
		return nil, errors.New("watch who trusts the serving pair: no webhook configuration is named")
	case options.Client == nil:
		return nil, errors.New("read the Secret of the serving pair: no client")
	case options.Slack < 0:
		return nil, fmt.Errorf("adopt a serving pair after %s: the time is negative", options.Slack)
	}
	if options.Changed == nil {
		options.Changed = func() {}
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	s := &SecretSource{options: options, vouched: map[*Pair]bool{}}
	waiting := fmt.Errorf("waiting for Secret %q", options.Secret)
	s.refuse(waiting)
	s.unready.Store(&waiting)
	return s, nil
}

// CAs implements [Trust]: the CAs of the pair that is served and of the one that
// the Secret holds, of those that cert-manager issued for the Certificate.
func (s *SecretSource) CAs() []CA {
	if cas := s.cas.Load(); cas != nil {
		return *cas
	}
	return nil
}

// Ready returns, for people, what a replica that was started waits for before
// pods are sent to it; nil from the first time that nothing is missing. It may be
// called concurrently.
func (s *SecretSource) Ready() error {
	if err := s.unready.Load(); err != nil {
		return *err
	}
	return nil
}

// Notices returns, for people, what is wrong or waited for now, a line each. It
// may be called concurrently, and the result must not be changed.
func (s *SecretSource) Notices() []string {
	if notices := s.notices.Load(); notices != nil {
		return *notices
	}
	return nil
}

// recheck is how often everything is looked at, though nothing has happened:
// certificates expire by themselves.
const recheck = time.Minute

// Reconcile looks at everything anew. It adopts the Secret's pair when its time
// has come, and otherwise keeps the one that is served and says why; it asks to be
// called again when that may change. The error is one of the API; a bad Secret is
// none.
func (s *SecretSource) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	now := s.options.Clock.Now()
	seen, err := s.look(ctx, now)
	if err != nil {
		return reconcile.Result{}, err
	}
	s.trust.observe(seen.configuration, now, s.options.Slack)
	s.checkNames(&seen)
	s.vouch(&seen)
	again := now.Add(recheck)
	for _, step := range []func(context.Context, *view) time.Time{s.consider, s.askForAnother, s.becomeReady} {
		if at := step(ctx, &seen); !at.IsZero() {
			again = earlier(again, at)
		}
	}
	s.report(ctx, &seen)
	return reconcile.Result{RequeueAfter: max(again.Sub(now), time.Millisecond)}, nil
}

// view is what one look saw.
type view struct {
	now           time.Time
	configuration *admissionv1.MutatingWebhookConfiguration // nil: there is none
	certificate   *cmapi.Certificate                        // nil: it is not known
	secret        *corev1.Secret                            // nil: there is none
	pair          *Pair                                     // nil: refused
	refused       *refusal
	foreign       error  // why nobody vouches for the pair
	waiting       string // why the pair is not served yet
	forced        bool   // the pair was adopted though not every caBundle verifies it
	adopted       bool
}

// look reads everything.
func (s *SecretSource) look(ctx context.Context, now time.Time) (view, error) {
	seen := view{now: now}
	var configuration admissionv1.MutatingWebhookConfiguration
	switch err := s.options.Client.Get(ctx, types.NamespacedName{Name: s.options.Configuration}, &configuration); {
	case err == nil:
		seen.configuration = &configuration
	case !apierrors.IsNotFound(err):
		return seen, fmt.Errorf("read webhook configuration %q: %w", s.options.Configuration, err)
	}
	if s.options.Certificate != nil {
		seen.certificate = s.options.Certificate()
	}
	var secret corev1.Secret
	switch err := s.options.Client.Get(ctx, s.options.Secret, &secret); {
	case apierrors.IsNotFound(err):
		seen.refused = &refusal{refusedMissing, fmt.Errorf("waiting for Secret %q: it does not exist", s.options.Secret)}
		return seen, nil
	case err != nil:
		return seen, fmt.Errorf("read Secret %q: %w", s.options.Secret, err)
	}
	seen.secret = &secret
	seen.pair, seen.refused = s.parse(&secret, now)
	return seen, nil
}

// consider adopts the pair if its time has come, and returns when to look again.
func (s *SecretSource) consider(_ context.Context, seen *view) time.Time {
	if seen.pair == nil {
		s.refuse(seen.refused)
		var early *NotYetValidError
		if errors.As(seen.refused, &early) {
			return early.NotBefore
		}
		return time.Time{}
	}
	serving := s.pair.Load()
	situation := situation{now: seen.now, slack: s.options.Slack, offered: seen.pair, serving: serving}
	situation.offeredSince, _ = s.trust.trustedSince(seen.pair, seen.now)
	if serving != nil {
		_, err := s.trust.trustedSince(serving, seen.now)
		situation.servingTrusted = err == nil
	}
	verdict := decide(situation)
	if !verdict.adopt {
		if verdict.reason != becauseServed {
			seen.waiting = verdict.reason
		}
		return verdict.at
	}
	seen.adopted, seen.forced = s.adopt(seen.pair), verdict.reason == becauseNoTime
	if seen.adopted {
		s.options.Metrics.pairAdopted(seen.pair, !seen.forced)
	}
	return time.Time{}
}

// vouch finds out whether the Secret's pair is cert-manager's, and tells its CA if
// it is.
func (s *SecretSource) vouch(seen *view) {
	if seen.pair != nil {
		if !seen.pair.equal(s.offered) {
			s.offered = seen.pair
		}
		// The same pair stays the same pointer, so that what is known of it stays.
		if serving := s.pair.Load(); s.offered.equal(serving) {
			s.offered = serving
		}
		seen.pair = s.offered
		if !s.vouched[seen.pair] {
			seen.foreign = s.issued(seen)
			s.vouched[seen.pair] = seen.foreign == nil
		}
	}
	var cas []CA
	for pair := range s.vouched {
		if pair != s.offered && pair != s.pair.Load() {
			delete(s.vouched, pair)
		}
	}
	for _, pair := range []*Pair{s.pair.Load(), s.offered} {
		if s.vouched[pair] && pair.CA != nil && !slices.ContainsFunc(cas, caOf(pair).equal) {
			cas = append(cas, caOf(pair))
		}
	}
	if !slices.EqualFunc(cas, s.CAs(), CA.equal) {
		s.cas.Store(&cas)
		s.options.Changed()
	}
}

// issued reports why the pair is not what cert-manager issued.
func (s *SecretSource) issued(seen *view) error {
	switch {
	case s.options.Certificate == nil:
		return nil
	case seen.certificate == nil:
		return errors.New("its Certificate is not known")
	}
	return CheckIssued(seen.secret, seen.pair.Certificate.Leaf, seen.certificate)
}
