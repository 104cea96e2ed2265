package certs

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// fakeTrust is a Trust whose cache may lag.
type fakeTrust struct {
	cached, live []byte
	err          error
}

func (f *fakeTrust) CABundle() []byte                             { return f.cached }
func (f *fakeTrust) LiveCABundle(context.Context) ([]byte, error) { return f.live, f.err }

func webhookConfiguration(bundles ...string) *admissionv1.MutatingWebhookConfiguration {
	configuration := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "injector"}}
	for i, bundle := range bundles {
		webhook := admissionv1.MutatingWebhook{Name: string(rune('a'+i)) + ".example.com"}
		if bundle != "" {
			webhook.ClientConfig.CABundle = []byte(bundle)
		}
		configuration.Webhooks = append(configuration.Webhooks, webhook)
	}
	return configuration
}

func TestPublisher(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		trust       fakeTrust
		bundles     []string // nil: there is no configuration
		want        []string
		wantPatches int
		wantError   error
	}{
		"empty bundles are filled, in one patch":            {fakeTrust{[]byte("new"), []byte("new"), nil}, []string{"", ""}, []string{"new", "new"}, 1, nil},
		"only what differs is written":                      {fakeTrust{[]byte("new"), []byte("new"), nil}, []string{"new", "old"}, []string{"new", "new"}, 1, nil},
		"equal bundles are left alone":                      {fakeTrust{[]byte("new"), []byte("new"), nil}, []string{"new", "new"}, []string{"new", "new"}, 0, nil},
		"a lagging replica does not undo another's write":   {fakeTrust{[]byte("old"), []byte("new"), nil}, []string{"new"}, []string{"new"}, 0, nil},
		"what is written is what is true now":               {fakeTrust{[]byte("old"), []byte("new"), nil}, []string{"older"}, []string{"new"}, 1, nil},
		"no CA is published while none is known":            {fakeTrust{nil, []byte("new"), nil}, []string{"old"}, []string{"old"}, 0, nil},
		"a CA that was just taken away is not written":      {fakeTrust{[]byte("old"), nil, nil}, []string{""}, []string{""}, 0, nil},
		"a configuration that does not exist is no error":   {fakeTrust{[]byte("new"), []byte("new"), nil}, nil, nil, 0, nil},
		"a configuration without entries is left alone":     {fakeTrust{[]byte("new"), []byte("new"), nil}, []string{}, []string{}, 0, nil},
		"an error of asking is returned, to be tried again": {fakeTrust{[]byte("new"), nil, broken}, []string{"old"}, []string{"old"}, 0, broken},
	} {
		t.Run(name, func(t *testing.T) {
			patches := 0
			c := interceptor.NewClient(newWebhookClient(t, test.bundles), interceptor.Funcs{
				Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
					patches++
					return c.Patch(ctx, object, patch, options...)
				},
			})
			_, err := newPublisher(t, &test.trust, c).Reconcile(t.Context(), reconcile.Request{})
			if !errors.Is(err, test.wantError) {
				t.Fatalf("got error %v, want %v", err, test.wantError)
			}
			if patches != test.wantPatches {
				t.Errorf("sent %d patches, want %d", patches, test.wantPatches)
			}
			if test.bundles != nil {
				if diff := cmp.Diff(test.want, readBundles(t, c)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestPublisherNeverWritesToAVersionThatItDidNotRead(t *testing.T) {
	c := newWebhookClient(t, []string{"old", "old"})
	raced := interceptor.NewClient(c, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			// Somebody takes the first entry away in between.
			var now admissionv1.MutatingWebhookConfiguration
			if err := c.Get(ctx, client.ObjectKeyFromObject(object), &now); err != nil {
				return err
			}
			now.Webhooks = now.Webhooks[1:]
			if err := c.Update(ctx, &now); err != nil {
				return err
			}
			return c.Patch(ctx, object, patch, options...)
		},
	})
	trust := &fakeTrust{cached: []byte("new"), live: []byte("new")}
	if _, err := newPublisher(t, trust, raced).Reconcile(t.Context(), reconcile.Request{}); err == nil {
		t.Error("no error, so it would not be tried again")
	}
	if diff := cmp.Diff([]string{"old"}, readBundles(t, c)); diff != "" {
		t.Error(diff)
	}
	if _, err := newPublisher(t, trust, c).Reconcile(t.Context(), reconcile.Request{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"new"}, readBundles(t, c)); diff != "" {
		t.Error(diff)
	}
}

func TestPublisherCounts(t *testing.T) {
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for _, trust := range []*fakeTrust{
		{cached: []byte("new"), live: []byte("new")},
		{cached: []byte("newer"), err: errors.New("broken")},
	} {
		p := newPublisher(t, trust, newWebhookClient(t, []string{"old"}))
		p.options.Metrics = metrics
		_, _ = p.Reconcile(t.Context(), reconcile.Request{})
	}
	for _, result := range []string{"published", "error"} {
		if got := testutil.ToFloat64(metrics.bundles.WithLabelValues(result)); got != 1 {
			t.Errorf("%s: counted %v, want 1", result, got)
		}
	}
}

func TestNewPublisherChecksItsOptions(t *testing.T) {
	c := newWebhookClient(t, nil)
	for name, options := range map[string]PublisherOptions{
		"no configuration": {Trust: &fakeTrust{}, Client: c},
		"no trust":         {Configuration: "injector", Client: c},
		"no client":        {Configuration: "injector", Trust: &fakeTrust{}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewPublisher(options); err == nil {
				t.Error("no error")
			}
		})
	}
}

func newPublisher(t *testing.T, trust Trust, c client.Client) *Publisher {
	t.Helper()
	p, err := NewPublisher(PublisherOptions{Configuration: "injector", Trust: trust, Client: c})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newWebhookClient returns a client of a cluster with a webhook configuration of
// these bundles, or with none if bundles is nil.
func newWebhookClient(t *testing.T, bundles []string) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := admissionv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).Build()
	if bundles != nil {
		if err := c.Create(t.Context(), webhookConfiguration(bundles...)); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	return c
}

func readBundles(t *testing.T, c client.Reader) []string {
	t.Helper()
	var configuration admissionv1.MutatingWebhookConfiguration
	if err := c.Get(t.Context(), client.ObjectKey{Name: "injector"}, &configuration); err != nil {
		t.Fatal(err)
	}
	bundles := []string{}
	for _, webhook := range configuration.Webhooks {
		bundles = append(bundles, string(bytes.TrimSpace(webhook.ClientConfig.CABundle)))
	}
	return bundles
}
