package cluster

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// TrustWatch follows the caBundles of one MutatingWebhookConfiguration. Its
// methods may be called concurrently.
type TrustWatch struct {
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	states []trustState
}

// trustState is what stood in the configuration since a time.
type trustState struct {
	at      time.Time
	bundles map[string][]byte // entry → caBundle
}

// WatchTrust starts to follow a configuration, and returns once it was read. The
// caller must Stop it.
func (c *Cluster) WatchTrust(ctx context.Context, configuration string) (*TrustWatch, error) {
	client := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	only := fields.OneTermEqualSelector("metadata.name", configuration).String()
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &TrustWatch{stop: stop}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				o.FieldSelector = only
				return client.List(ctx, o)
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				o.FieldSelector = only
				return client.Watch(ctx, o)
			},
		},
		ObjectType: &admissionv1.MutatingWebhookConfiguration{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    w.note,
			UpdateFunc: func(_, object any) { w.note(object) },
			DeleteFunc: func(any) { w.note(&admissionv1.MutatingWebhookConfiguration{}) },
		},
	})
	w.running.Go(func() { informer.RunWithContext(running) })
	err := Eventually(ctx, startTimeout, func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.states) == 0 {
			return fmt.Errorf("webhook configuration %q was not read yet", configuration)
		}
		return nil
	})
	if err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
}

// Stop ends it.
func (w *TrustWatch) Stop() {
	w.stop()
	w.running.Wait()
}

func (w *TrustWatch) note(object any) {
	state := trustState{at: time.Now(), bundles: map[string][]byte{}}
	for _, entry := range object.(*admissionv1.MutatingWebhookConfiguration).Webhooks {
		state.bundles[entry.Name] = entry.ClientConfig.CABundle
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states = append(w.states, state)
}

// TrustedSince returns the time since when, up to the time by, every entry
// verified the leaf for the host without a break. The error names an entry that
// does not.
func (w *TrustWatch) TrustedSince(leaf *x509.Certificate, host string, by time.Time) (time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var since time.Time
	for _, state := range slices.Backward(w.states) {
		if state.at.After(by) {
			continue
		}
		if err := state.verify(leaf, host, by); err != nil {
			if since.IsZero() {
				return since, err
			}
			break
		}
		since = state.at
	}
	if since.IsZero() {
		return since, fmt.Errorf("the configuration was not known at %s", by.Format(time.RFC3339Nano))
	}
	return since, nil
}

// Untrusted returns how long, since begin, some entry did not verify the leaf for
// the host.
func (w *TrustWatch) Untrusted(leaf *x509.Certificate, host string, begin time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var total time.Duration
	now := time.Now()
	for i, state := range w.states {
		end := now
		if i+1 < len(w.states) {
			end = w.states[i+1].at
		}
		if end.After(begin) && state.verify(leaf, host, now) != nil {
			total += end.Sub(later(state.at, begin))
		}
	}
	return total
}

// Entries returns the names of the entries, sorted.
func (w *TrustWatch) Entries() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.states[len(w.states)-1].bundles))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// verify reports an entry that does not verify the leaf.
func (s *trustState) verify(leaf *x509.Certificate, host string, now time.Time) error {
	for name, bundle := range s.bundles {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(bundle)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now}); err != nil {
			return fmt.Errorf("entry %q does not verify the leaf %s: %w", name, leaf.SerialNumber.Text(16), err)
		}
	}
	return nil
}
