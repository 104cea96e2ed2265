package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// FileOptions are the settings of a [FileSource].
type FileOptions struct {
	// Dir holds the files tls.crt and tls.key. Required.
	Dir string
	// Log gets adoptions and refusals. The zero value discards them.
	Log logr.Logger
	// Metrics counts adoptions and refusals. Nil: none.
	Metrics *Metrics
	// Interval is how often the files are looked at, beside the notifications of
	// the file system. 0: 10 seconds.
	Interval time.Duration
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// FileSource serves the pair of two files, and follows their changes while Start
// runs. It is a [Source]; who trusts its CA is not its business.
type FileSource struct {
	holder
	options FileOptions
	watcher *certwatcher.CertWatcher

	refused *tls.Certificate // what was refused last, so that it is logged once
}

var _ Source = (*FileSource)(nil)

// NewFileSource reads the pair once. It fails if the files cannot be read, or
// hold a pair that is not good.
func NewFileSource(options FileOptions) (*FileSource, error) {
	if options.Dir == "" {
		return nil, errors.New("read the serving pair: no folder is named")
	}
	if options.Interval == 0 {
		options.Interval = 10 * time.Second
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	watcher, err := certwatcher.New(
		filepath.Join(options.Dir, corev1.TLSCertKey), filepath.Join(options.Dir, corev1.TLSPrivateKeyKey))
	if err != nil {
		return nil, fmt.Errorf("read the serving pair in %q: %w", options.Dir, err)
	}
	source := &FileSource{options: options, watcher: watcher.WithWatchInterval(options.Interval)}
	if _, err := source.take(); err != nil {
		return nil, fmt.Errorf("read the serving pair in %q: %w", options.Dir, err)
	}
	return source, nil
}

// Start follows the files until ctx ends. A pair that is refused is logged once
// and looked at again, since its time may come. The error is one of setting up
// the watch.
func (s *FileSource) Start(ctx context.Context) error {
	// The watcher calls back with its lock held, so the looking happens elsewhere.
	changed := make(chan struct{}, 1)
	s.watcher.RegisterCallback(func(tls.Certificate) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	var looking sync.WaitGroup
	looking.Go(func() {
		ticker := time.NewTicker(s.options.Interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			case <-ticker.C:
			}
			s.look()
		}
	})
	defer looking.Wait()
	if err := s.watcher.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("watch the serving pair in %q: %w", s.options.Dir, err)
	}
	return nil
}

// look takes what the watcher holds now and logs a refusal, once for each pair.
func (s *FileSource) look() {
	current, err := s.take()
	if err != nil && current != s.refused {
		s.refused = current
		s.options.Metrics.pairRefused(refusalOf(err).reason)
		s.options.Log.Error(err, "Serving pair refused, keeping the last good one")
	}
}

// take adopts what the watcher holds now and returns it. The error says why it is
// not good.
func (s *FileSource) take() (*tls.Certificate, error) {
	current, err := s.watcher.GetCertificate(nil)
	if err != nil {
		return nil, err
	}
	pair, err := newPair(*current)
	if err != nil {
		return current, err
	}
	leaf := pair.Certificate.Leaf
	if err := checkDates(leaf, s.options.Clock.Now()); err != nil {
		return current, err
	}
	if s.adopt(pair) {
		s.options.Metrics.pairAdopted(pair, true)
		s.options.Log.Info("Serving pair adopted", "serial", leaf.SerialNumber.String(), "notAfter", leaf.NotAfter)
	}
	return current, nil
}
