package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// FileOptions are the settings of a [FileSource].
type FileOptions struct {
	// Dir holds the files tls.crt and tls.key. Required.
	Dir string
	// Log gets adoptions and refusals. The zero value discards them.
	Log logr.Logger
	// Metrics counts adoptions and refusals. Nil: none.
	Metrics *Metrics
	// Interval is how often the files are looked at. 0: 10 seconds.
	Interval time.Duration
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// FileSource serves the pair of two files, and follows their changes while Start
// runs. It is a [Source]; who trusts its CA is not its business.
type FileSource struct {
	holder
	options FileOptions

	told string // what was logged last, so that it is logged once
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
	source := &FileSource{options: options}
	if _, err := source.take(context.Background()); err != nil {
		return nil, fmt.Errorf("read the serving pair in %q: %w", options.Dir, err)
	}
	return source, nil
}

// Start follows the files until ctx ends. A pair that is refused is logged once
// and looked at again, since its time may come. What is no file, such as a named
// pipe, is an error and not waited for. The error is nil.
func (s *FileSource) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, s.look, s.options.Interval)
	return nil
}

// look takes what the files hold now and logs a refusal, once for each pair.
func (s *FileSource) look(ctx context.Context) {
	id, err := s.take(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		s.told = ""
		return
	}
	if told := id + err.Error(); told != s.told {
		s.told = told
		s.options.Metrics.pairRefused(refusalOf(err).reason)
		s.options.Log.Error(err, "Serving pair refused, keeping the last good one")
	}
}

// maxPairFile is how many bytes of a file are read: chains of certificates have some thousand.
const maxPairFile = 1 << 20

// take adopts what the files hold now, and returns what tells that pair from
// others. The error says why it is not good.
func (s *FileSource) take(ctx context.Context) (id string, err error) {
	var pem [2][]byte
	for i, name := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		if pem[i], err = files.Read(ctx, filepath.Join(s.options.Dir, name), maxPairFile); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	current, err := tls.X509KeyPair(pem[0], pem[1])
	if err != nil {
		return "", err
	}
	id = string(current.Certificate[0])
	pair, err := newPair(current)
	if err != nil {
		return id, err
	}
	leaf := pair.Certificate.Leaf
	if err := checkDates(leaf, s.options.Clock.Now()); err != nil {
		return id, err
	}
	if s.adopt(pair) {
		s.options.Metrics.pairAdopted(pair, true)
		s.options.Log.Info("Serving pair adopted", "serial", leaf.SerialNumber.String(), "notAfter", leaf.NotAfter)
	}
	return id, nil
}
