package certs

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// fakeTrust is a Trust of fixed CAs.
type fakeTrust []CA

func (f fakeTrust) CAs() []CA { return f }

// until returns the CA, to be kept so long since epoch.
func (ca *testCA) until(end time.Duration) CA {
	return CA{PEM: ca.pem, KeepUntil: epoch.Add(end)}
}

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

// keep is the annotation that keeps a CA so long since epoch.
func keep(ca *testCA, end time.Duration) map[string]string {
	return map[string]string{AnnotationKeepUntilPrefix + Fingerprint(ca.certificate): epoch.Add(end).Format(time.RFC3339)}
}

func annotations(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, one := range all {
		maps.Copy(merged, one)
	}
	return merged
}

// The publisher happens at an hour after epoch.
func TestPublisher(t *testing.T) {
	x, y, foreign := newCA(t, "x"), newCA(t, "y"), newCA(t, "foreign")
	both := func(a, b *testCA) string {
		if bytes.Compare(a.certificate.Raw, b.certificate.Raw) > 0 {
			a, b = b, a
		}
		return string(a.pem) + string(b.pem)
	}
	px, py, pf, pxy := string(x.pem), string(y.pem), string(foreign.pem), both(x, y)
	const h = time.Hour
	short := newCAUntil(t, "short", epoch.Add(2*h))
	type m = map[string]string
	for name, test := range map[string]struct {
		trust           fakeTrust
		bundles         []string // nil: there is no configuration
		annotations     m
		want            []string
		wantAnnotations m
		wantPatches     int
	}{
		"empty bundles are filled, in one patch":               {fakeTrust{x.until(2 * h)}, []string{"", ""}, nil, []string{px, px}, keep(x, 2*h), 1},
		"what differs is written":                              {fakeTrust{x.until(2 * h)}, []string{px, ""}, keep(x, 2*h), []string{px, px}, keep(x, 2*h), 1},
		"what is right is left alone":                          {fakeTrust{x.until(2 * h)}, []string{px, px}, keep(x, 2*h), []string{px, px}, keep(x, 2*h), 0},
		"another pair under the same CA keeps it longer":       {fakeTrust{x.until(3 * h)}, []string{px}, keep(x, 2*h), []string{px}, keep(x, 3*h), 1},
		"a shorter one does not shorten that":                  {fakeTrust{x.until(2 * h)}, []string{px}, keep(x, 3*h), []string{px}, keep(x, 3*h), 0},
		"a new CA comes beside the old one":                    {fakeTrust{x.until(2 * h), y.until(3 * h)}, []string{px}, keep(x, 2*h), []string{pxy}, annotations(keep(x, 2*h), keep(y, 3*h)), 1},
		"a replica that knows only one keeps the other":        {fakeTrust{x.until(2 * h)}, []string{pxy}, annotations(keep(x, 2*h), keep(y, 3*h)), []string{pxy}, annotations(keep(x, 2*h), keep(y, 3*h)), 0},
		"a CA whose last pair has expired goes":                {fakeTrust{y.until(3 * h)}, []string{pxy}, annotations(keep(x, h-keepGrace), keep(y, 3*h)), []string{py}, keep(y, 3*h), 1},
		"but not before the clocks of all replicas say so":     {fakeTrust{y.until(3 * h)}, []string{pxy}, annotations(keep(x, h-keepGrace+time.Second), keep(y, 3*h)), []string{pxy}, annotations(keep(x, h-keepGrace+time.Second), keep(y, 3*h)), 0},
		"a CA goes with its own end":                           {fakeTrust{short.until(9 * h)}, []string{string(short.pem)}, keep(short, 9*h), []string{string(short.pem)}, keep(short, 2*h), 1},
		"seconds are enough":                                   {fakeTrust{CA{PEM: x.pem, KeepUntil: epoch.Add(2*h + time.Millisecond)}}, []string{px}, keep(x, 2*h), []string{px}, keep(x, 2*h), 0},
		"an annotation of another replica comes first":         {fakeTrust{x.until(2 * h)}, []string{""}, keep(x, 3*h), []string{px}, keep(x, 3*h), 1},
		"an empty entry is filled by what others hold":         {nil, []string{px, ""}, keep(x, 2*h), []string{px, px}, keep(x, 2*h), 1},
		"but nothing else is touched while no CA is known":     {nil, []string{pf, ""}, nil, []string{pf, ""}, m{}, 0},
		"not even beside one that is filled":                   {nil, []string{px + pf, ""}, keep(x, 2*h), []string{px + pf, px}, keep(x, 2*h), 1},
		"a foreign CA goes":                                    {fakeTrust{x.until(2 * h)}, []string{pf}, keep(x, 2*h), []string{px}, keep(x, 2*h), 1},
		"a CA of one entry is kept in all":                     {fakeTrust{x.until(2 * h)}, []string{px, py}, keep(y, 2*h), []string{pxy, pxy}, annotations(keep(x, 2*h), keep(y, 2*h)), 1},
		"an annotation that is no time counts as none":         {fakeTrust{x.until(2 * h)}, []string{pxy}, m{AnnotationKeepUntilPrefix + Fingerprint(y.certificate): "soon"}, []string{px}, keep(x, 2*h), 1},
		"an annotation of a CA that is about to come is kept":  {fakeTrust{x.until(2 * h)}, []string{px}, annotations(keep(x, 2*h), keep(y, 3*h)), []string{px}, annotations(keep(x, 2*h), keep(y, 3*h)), 0},
		"other annotations are left alone":                     {fakeTrust{x.until(2 * h)}, []string{""}, m{"a": "b"}, []string{px}, annotations(keep(x, 2*h), m{"a": "b"}), 1},
		"garbage is replaced":                                  {fakeTrust{x.until(2 * h)}, []string{"garbage"}, nil, []string{px}, keep(x, 2*h), 1},
		"nothing is written while no CA is known":              {nil, []string{px}, nil, []string{px}, m{}, 0},
		"nothing is written if all that is known has expired":  {fakeTrust{x.until(h - keepGrace)}, []string{pf}, nil, []string{pf}, m{}, 0},
		"a configuration that does not exist is no error":      {fakeTrust{x.until(2 * h)}, nil, nil, nil, nil, 0},
		"a configuration without entries has annotations only": {fakeTrust{x.until(2 * h)}, []string{}, nil, []string{}, keep(x, 2*h), 1},
	} {
		t.Run(name, func(t *testing.T) {
			patches := 0
			c := interceptor.NewClient(newWebhookClient(t, test.bundles, test.annotations), interceptor.Funcs{
				Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
					patches++
					return c.Patch(ctx, object, patch, options...)
				},
			})
			p := newPublisher(t, test.trust, c)
			for range 2 { // the second time nothing is left to do
				if _, err := p.Reconcile(t.Context(), reconcile.Request{}); err != nil {
					t.Fatal(err)
				}
			}
			if patches != test.wantPatches {
				t.Errorf("sent %d patches, want %d", patches, test.wantPatches)
			}
			if test.bundles == nil {
				return
			}
			bundles, annotated := readBundles(t, c)
			if diff := cmp.Diff(test.want, bundles); diff != "" {
				t.Error(diff)
			}
			if written, changed := annotated[AnnotationBundleWritten], !slices.Equal(test.want, test.bundles); (written != "") != changed {
				t.Errorf("the bundle is said to be written at %q", written)
			}
			delete(annotated, AnnotationBundleWritten)
			if diff := cmp.Diff(test.wantAnnotations, annotated); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPublisherNeverWritesToAVersionThatItDidNotRead(t *testing.T) {
	c := newWebhookClient(t, []string{"", ""}, nil)
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
	x := newCA(t, "x")
	p := newPublisher(t, fakeTrust{x.until(2 * time.Hour)}, raced)
	result, err := p.Reconcile(t.Context(), reconcile.Request{})
	if err != nil || result.RequeueAfter != retryConflict {
		t.Errorf("got %v, %v: a conflict is no error, and is tried again", result, err)
	}
	if got := testutil.ToFloat64(p.options.Metrics.bundles.WithLabelValues(bundleConflict)); got != 1 {
		t.Errorf("%v conflicts are counted, want 1", got)
	}
	bundles, _ := readBundles(t, c)
	if diff := cmp.Diff([]string{""}, bundles); diff != "" {
		t.Error(diff)
	}
}

// Two replicas take the entry out of managedFields at the same time: who is second finds none, which is no error.
func TestPublisherIsSecondToDisown(t *testing.T) {
	x := newCA(t, "x")
	c := interceptor.NewClient(newWebhookClient(t, []string{""}, nil), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			err := c.Get(ctx, key, object, options...)
			object.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: fieldOwner}})
			return err
		},
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			if patch.Type() == types.JSONPatchType { // as API servers answer
				return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", "remove operation does not apply", 0, false)
			}
			return c.Patch(ctx, object, patch, options...)
		},
	})
	p := newPublisher(t, fakeTrust{x.until(2 * time.Hour)}, c)
	for range 2 { // publishes, then disowns
		if _, err := p.Reconcile(t.Context(), reconcile.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	for result, want := range map[string]float64{bundlePublished: 1, bundleConflict: 1, bundleError: 0} {
		if got := testutil.ToFloat64(p.options.Metrics.bundles.WithLabelValues(result)); got != want {
			t.Errorf("%v writes are counted as %s, want %v", got, result, want)
		}
	}
}

// For cainjector the CAs go into a Secret, beside what else is in it.
func TestPublisherWritesIntoASecret(t *testing.T) {
	x, y := newCA(t, "x"), newCA(t, "y")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "trust"}, Data: map[string][]byte{"other": []byte("value")}}
	c := newFakeClient(t, secret)
	for _, step := range []struct {
		trust fakeTrust
		want  int // certificates
	}{{fakeTrust{x.until(2 * time.Hour)}, 1}, {fakeTrust{y.until(3 * time.Hour)}, 2}} {
		p, err := NewPublisher(PublisherOptions{
			Secret: types.NamespacedName{Namespace: "ns", Name: "trust"}, Trust: step.trust, Client: c,
			Clock: clocktesting.NewFakePassiveClock(epoch.Add(time.Hour)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := p.Reconcile(t.Context(), reconcile.Request{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
			t.Fatal(err)
		}
		if got := len(ParseBundle(secret.Data["ca.crt"])); got != step.want || string(secret.Data["other"]) != "value" {
			t.Errorf("the Secret has %d CAs, want %d", got, step.want)
		}
	}
}

func TestPublisherCountsAndReturnsErrors(t *testing.T) {
	broken := errors.New("broken")
	c := interceptor.NewClient(newWebhookClient(t, []string{""}, nil), interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return broken
		},
	})
	p := newPublisher(t, fakeTrust{newCA(t, "x").until(2 * time.Hour)}, c)
	if _, err := p.Reconcile(t.Context(), reconcile.Request{}); !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
	if got := testutil.ToFloat64(p.options.Metrics.bundles.WithLabelValues(bundleError)); got != 1 {
		t.Errorf("%v errors are counted, want 1", got)
	}
}

func TestPublisherAsksToBeCalledWhenACAHasToGo(t *testing.T) {
	x, y := newCA(t, "x"), newCA(t, "y")
	for _, trust := range []fakeTrust{
		{x.until(3 * time.Hour), y.until(2 * time.Hour)},
		{x.until(2 * time.Hour), y.until(3 * time.Hour)},
	} {
		p := newPublisher(t, trust, newWebhookClient(t, []string{""}, nil))
		result, err := p.Reconcile(t.Context(), reconcile.Request{})
		if err != nil || result.RequeueAfter != time.Hour+keepGrace {
			t.Errorf("got %v, %v, want an hour and the grace", result, err)
		}
	}
}

func TestNewPublisherChecksItsOptions(t *testing.T) {
	c := newWebhookClient(t, nil, nil)
	for name, options := range map[string]PublisherOptions{
		"no configuration": {Trust: fakeTrust{}, Client: c},
		"no trust":         {Configuration: "injector", Client: c},
		"no client":        {Configuration: "injector", Trust: fakeTrust{}},
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
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPublisher(PublisherOptions{
		Configuration: "injector", Trust: trust, Client: c, Metrics: metrics,
		Clock: clocktesting.NewFakePassiveClock(epoch.Add(time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newWebhookClient returns a client of a cluster with a webhook configuration of
// these bundles, or with none if bundles is nil.
func newWebhookClient(t *testing.T, bundles []string, annotations map[string]string) client.WithWatch {
	t.Helper()
	if bundles == nil {
		return newFakeClient(t)
	}
	configuration := webhookConfiguration(bundles...)
	configuration.Annotations = annotations
	return newFakeClient(t, configuration)
}

func readBundles(t *testing.T, c client.Reader) (bundles []string, annotated map[string]string) {
	t.Helper()
	var configuration admissionv1.MutatingWebhookConfiguration
	if err := c.Get(t.Context(), client.ObjectKey{Name: "injector"}, &configuration); err != nil {
		t.Fatal(err)
	}
	bundles = []string{}
	for _, webhook := range configuration.Webhooks {
		bundles = append(bundles, string(webhook.ClientConfig.CABundle))
	}
	return bundles, annotations(configuration.Annotations)
}

// TestPublisherOfAValidatingConfiguration: its entries are filled as those of a mutating one.
func TestPublisherOfAValidatingConfiguration(t *testing.T) {
	ca := newCA(t, "ca")
	configuration := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "injector"},
		Webhooks: []admissionv1.ValidatingWebhook{{Name: "a.example.com"}, {Name: "b.example.com"}}}
	api := newFakeClient(t, configuration)
	p, err := NewPublisher(PublisherOptions{Configuration: "injector", Validating: true, Trust: fakeTrust{ca.until(time.Hour)}, Client: api, Clock: clocktesting.NewFakePassiveClock(epoch)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Reconcile(t.Context(), reconcile.Request{}); err != nil {
		t.Fatal(err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(configuration), configuration); err != nil {
		t.Fatal(err)
	}
	for _, webhook := range configuration.Webhooks {
		if !bytes.Equal(webhook.ClientConfig.CABundle, ca.pem) {
			t.Errorf("%s: caBundle %q, want %q", webhook.Name, webhook.ClientConfig.CABundle, ca.pem)
		}
	}
}
