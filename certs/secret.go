package certs

import (
	"context"
	"errors"
	"fmt"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// SecretOptions are the settings of a [SecretSource].
type SecretOptions struct {
	// Secret names the Secret with the keys tls.crt, tls.key and ca.crt. Required.
	Secret types.NamespacedName
	// Reader reads the Secret on a change, usually from a cache. Required.
	Reader client.Reader
	// LiveReader reads it from the API server, past any cache. Nil: Reader.
	LiveReader client.Reader
	// Changed is called after another pair was adopted. Nil: nobody is told.
	Changed func()
	// Metrics counts adoptions and refusals. Nil: none.
	Metrics *Metrics
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// SecretSource serves the pair of one Secret. It is a reconciler: whoever owns it
// calls Reconcile when the Secret changes. It is a [Source] and a [Trust].
type SecretSource struct {
	holder
	options SecretOptions
}

var (
	_ Source               = (*SecretSource)(nil)
	_ Trust                = (*SecretSource)(nil)
	_ reconcile.Reconciler = (*SecretSource)(nil)
)

// NewSecretSource returns a source that has not read its Secret yet.
func NewSecretSource(options SecretOptions) (*SecretSource, error) {
	if options.Secret.Name == "" || options.Secret.Namespace == "" {
		return nil, fmt.Errorf("name the Secret of the serving pair: %q has no namespace or no name", options.Secret)
	}
	if options.Reader == nil {
		return nil, errors.New("read the Secret of the serving pair: no reader")
	}
	if options.LiveReader == nil {
		options.LiveReader = options.Reader
	}
	if options.Changed == nil {
		options.Changed = func() {}
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	source := &SecretSource{options: options}
	source.refuse(fmt.Errorf("waiting for Secret %q", options.Secret))
	return source, nil
}

// Reconcile adopts the Secret's pair if it is good, and otherwise keeps the last
// good one and logs why. It asks to be called again when a pair's time comes. The
// error is one of reading the Secret; a bad Secret is none.
func (s *SecretSource) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	pair, err := s.read(ctx, s.options.Reader)
	var bad *badSecretError
	switch {
	case errors.As(err, &bad):
		s.refuse(err)
		s.options.Metrics.pairRefused()
		log.FromContext(ctx).Error(err, "Serving pair refused, keeping the last good one")
		var early *NotYetValidError
		if errors.As(err, &early) {
			return reconcile.Result{RequeueAfter: max(early.NotBefore.Sub(s.options.Clock.Now()), time.Second)}, nil
		}
		return reconcile.Result{}, nil
	case apierrors.IsNotFound(err):
		s.refuse(fmt.Errorf("waiting for Secret %q: it does not exist", s.options.Secret))
		log.FromContext(ctx).Info("Secret of the serving pair does not exist")
		return reconcile.Result{}, nil
	case err != nil:
		return reconcile.Result{}, err
	}
	if s.adopt(pair) {
		s.options.Metrics.pairAdopted(pair)
		log.FromContext(ctx).Info("Serving pair adopted", "serial", pair.Certificate.Leaf.SerialNumber.String(),
			"notAfter", pair.Certificate.Leaf.NotAfter)
		s.options.Changed()
	}
	return reconcile.Result{}, nil
}

// LiveCABundle implements [Trust]: the CA of what the Secret holds at this moment,
// or that of the last good pair where the Secret is bad or gone.
func (s *SecretSource) LiveCABundle(ctx context.Context) ([]byte, error) {
	pair, err := s.read(ctx, s.options.LiveReader)
	var bad *badSecretError
	if errors.As(err, &bad) || apierrors.IsNotFound(err) {
		return s.CABundle(), nil
	}
	if err != nil {
		return nil, err
	}
	return pair.CA, nil
}

// badSecretError says that a Secret was read and that its pair is not good.
type badSecretError struct {
	secret types.NamespacedName
	err    error
}

func (e *badSecretError) Error() string { return fmt.Sprintf("read Secret %q: %v", e.secret, e.err) }
func (e *badSecretError) Unwrap() error { return e.err }

// read returns the pair in the Secret as reader sees it, or a *badSecretError, or
// the error of reading, which may be "not found".
func (s *SecretSource) read(ctx context.Context, reader client.Reader) (*Pair, error) {
	var secret corev1.Secret
	if err := reader.Get(ctx, s.options.Secret, &secret); err != nil {
		return nil, fmt.Errorf("read Secret %q: %w", s.options.Secret, err)
	}
	pair, err := ParsePair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey],
		secret.Data[cmmeta.TLSCAKey], s.options.Clock.Now())
	if err != nil {
		return nil, &badSecretError{secret: s.options.Secret, err: err}
	}
	return pair, nil
}
