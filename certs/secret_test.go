package certs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

var secretKey = types.NamespacedName{Namespace: "ns", Name: "tls"}

// newFakeClient returns a client of a cluster with these objects.
func newFakeClient(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, admissionv1.AddToScheme, cmapi.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&cmapi.Certificate{}).Build()
}

// fixture is a source in a cluster to change things in, at a time to change.
type fixture struct {
	*SecretSource
	client  client.WithWatch
	clock   *clocktesting.FakePassiveClock
	metrics *Metrics
	changes int
	peers   bool
}

// slack is that of the tests.
const slack = 5 * time.Minute

// newFixture returns a source in a cluster with a webhook configuration of one
// entry without caBundle, a minute after epoch.
func newFixture(t *testing.T, change ...func(*SecretOptions)) *fixture {
	t.Helper()
	f := &fixture{client: newFakeClient(t, serviceConfiguration("")), clock: clocktesting.NewFakePassiveClock(epoch.Add(time.Minute))}
	var err error
	if f.metrics, err = NewMetrics(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	options := SecretOptions{
		Secret: secretKey, Configuration: "injector", Client: f.client, Clock: f.clock, Metrics: f.metrics, Slack: slack,
		Changed: func() { f.changes++ },
		Peers:   func(context.Context, types.NamespacedName) (bool, error) { return f.peers, nil },
	}
	for _, c := range change {
		c(&options)
	}
	if f.SecretSource, err = NewSecretSource(options); err != nil {
		t.Fatal(err)
	}
	return f
}

// serviceConfiguration returns a configuration that reaches the Service webhook in
// ns, and was written at epoch.
func serviceConfiguration(bundle string) *admissionv1.MutatingWebhookConfiguration {
	configuration := webhookConfiguration(bundle)
	configuration.CreationTimestamp = metav1.NewTime(epoch)
	configuration.Webhooks[0].ClientConfig.Service = &admissionv1.ServiceReference{Namespace: "ns", Name: "webhook"}
	return configuration
}

// put creates or replaces the Secret.
func (f *fixture) put(t *testing.T, certificate, key, ca []byte) {
	t.Helper()
	f.delete(t)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name, Annotations: map[string]string{
			cmapi.CertificateNameKey: "tls", cmapi.IssuerNameAnnotationKey: "ca", cmapi.IssuerKindAnnotationKey: "Issuer",
		}},
		Data: map[string][]byte{"tls.crt": certificate, "tls.key": key, "ca.crt": ca},
	}
	if err := f.client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) delete(t *testing.T) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name}}
	if err := client.IgnoreNotFound(f.client.Delete(t.Context(), secret)); err != nil {
		t.Fatal(err)
	}
}

// trust puts the CAs into every caBundle.
func (f *fixture) trust(t *testing.T, cas ...*testCA) {
	t.Helper()
	var bundle []byte
	for _, ca := range cas {
		bundle = append(bundle, ca.pem...)
	}
	var configuration admissionv1.MutatingWebhookConfiguration
	if err := f.client.Get(t.Context(), client.ObjectKey{Name: "injector"}, &configuration); err != nil {
		t.Fatal(err)
	}
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.CABundle = bundle
	}
	if err := f.client.Update(t.Context(), &configuration); err != nil {
		t.Fatal(err)
	}
}

// at reconciles at a time since epoch, and returns when the source wants to be
// called again, since epoch.
func (f *fixture) at(t *testing.T, since time.Duration) time.Duration {
	t.Helper()
	f.clock.SetTime(epoch.Add(since))
	result, err := f.Reconcile(t.Context(), reconcile.Request{NamespacedName: secretKey})
	if err != nil {
		t.Fatal(err)
	}
	return since + result.RequeueAfter
}

// wantServed checks which CA signed what is served.
func (f *fixture) wantServed(t *testing.T, when string, by *testCA) {
	t.Helper()
	pair, err := f.GetCertificate(nil)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if err := pair.Leaf.CheckSignatureFrom(by.certificate); err != nil {
		t.Errorf("%s: the pair under %q is not served: %v", when, by.certificate.Subject.CommonName, err)
	}
}

func TestSecretSourceSaysWhatItWaitsFor(t *testing.T) {
	f := newFixture(t)
	want := func(part string) {
		t.Helper()
		if _, err := f.GetCertificate(nil); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
		if err := f.Ready(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("it is ready: %v, want an error with %q", err, part)
		}
		if f.CAs() != nil {
			t.Error("there is a CA without a pair")
		}
	}
	want(`waiting for Secret "ns/tls"`)
	f.at(t, time.Minute)
	want("does not exist")
	f.put(t, []byte("garbage"), nil, nil)
	f.at(t, time.Minute)
	want(`read Secret "ns/tls": parse the pair`)
}

func TestSecretSourceKeepsTheLastGoodPair(t *testing.T) {
	ca, other := newCA(t, "ours"), newCA(t, "other")
	good, goodKey := ca.leaf(t, epoch)
	late, lateKey := ca.leaf(t, epoch.Add(-3*time.Hour))
	for name, test := range map[string]struct {
		change func(t *testing.T, f *fixture)
		reason string
	}{
		"when the Secret holds garbage":          {func(t *testing.T, f *fixture) { f.put(t, []byte("x"), []byte("y"), ca.pem) }, refusedMalformed},
		"when the key is of another certificate": {func(t *testing.T, f *fixture) { f.put(t, good, lateKey, ca.pem) }, refusedMalformed},
		"when the new pair is expired":           {func(t *testing.T, f *fixture) { f.put(t, late, lateKey, ca.pem) }, refusedExpired},
		"when the CA did not sign the new pair":  {func(t *testing.T, f *fixture) { f.put(t, good, goodKey, other.pem) }, refusedCA},
		"when the Secret is empty":               {func(t *testing.T, f *fixture) { f.put(t, nil, nil, nil) }, refusedMalformed},
		"when the Secret is deleted":             {func(t *testing.T, f *fixture) { f.delete(t) }, refusedMissing},
		"when the pair is for another name": {func(t *testing.T, f *fixture) {
			certificate, key := other.leafFor(t, "other.ns.svc", epoch, epoch.Add(time.Hour))
			f.put(t, certificate, key, other.pem)
		}, refusedName},
		"when the same pair comes again": {func(t *testing.T, f *fixture) { f.put(t, good, goodKey, ca.pem) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.put(t, good, goodKey, ca.pem)
			f.trust(t, ca, other)
			f.at(t, time.Minute)
			before, err := f.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			test.change(t, f)
			f.at(t, 30*time.Minute)
			f.at(t, 31*time.Minute)
			after, err := f.GetCertificate(nil)
			if err != nil || after != before {
				t.Errorf("another pair is served (error %v)", err)
			}
			if cas := f.CAs(); len(cas) != 1 || string(cas[0].PEM) != string(ca.pem) || f.changes != 1 {
				t.Errorf("got %d CAs after %d changes, want the one of the served pair", len(cas), f.changes)
			}
			for _, reason := range refusals {
				want := 0.0
				if reason == test.reason {
					want = 1
				}
				if got := testutil.ToFloat64(f.metrics.refused.WithLabelValues(reason)); got != want {
					t.Errorf("%v pairs are refused as %q, want %v", got, reason, want)
				}
			}
			if test.reason != "" && !strings.Contains(strings.Join(f.Notices(), "\n"), "a new serving pair is refused") {
				t.Errorf("got notices %q, want one of the refusal", f.Notices())
			}
		})
	}
}

// A new CA: its pair waits until every caBundle has it, and then for the slack;
// meanwhile both CAs are told.
func TestSecretSourceAdoptsANewPair(t *testing.T) {
	f := newFixture(t)
	first, second := newCA(t, "first"), newCA(t, "second")
	certificate, key := first.leaf(t, epoch)
	f.put(t, certificate, key, first.pem)
	f.trust(t, first)
	f.at(t, time.Minute)
	f.wantServed(t, "at the start", first)

	certificate, key = second.leaf(t, epoch.Add(10*time.Minute))
	f.put(t, certificate, key, second.pem)
	f.at(t, 10*time.Minute)
	f.wantServed(t, "while no caBundle has its CA", first)
	if got := len(f.CAs()); got != 2 || f.changes != 2 {
		t.Errorf("%d CAs are told after %d changes, want those of the old and the new pair", got, f.changes)
	}
	f.trust(t, first, second)
	if again := f.at(t, 11*time.Minute); again > 16*time.Minute {
		t.Errorf("asks to be called again after %s, too late", again)
	}
	f.wantServed(t, "while the trust is young", first)
	if want := []string{"a new serving pair waits: " + becauseYoung}; strings.Join(f.Notices(), "\n") != want[0] {
		t.Errorf("got notices %q, want %q", f.Notices(), want)
	}
	f.trust(t, first)
	f.at(t, 12*time.Minute)
	f.trust(t, first, second)
	f.at(t, 13*time.Minute)
	f.at(t, 17*time.Minute)
	f.wantServed(t, "when the trust was interrupted", first)
	f.at(t, 18*time.Minute)
	f.wantServed(t, "after the slack", second)
	f.at(t, 19*time.Minute)
	if cas := f.CAs(); len(cas) != 1 || string(cas[0].PEM) != string(second.pem) {
		t.Errorf("got CAs %v, want only the new one", cas)
	}
	if got := testutil.ToFloat64(f.metrics.adopted.WithLabelValues("true")); got != 2 {
		t.Errorf("%v adoptions are counted, want 2", got)
	}
	if got := testutil.ToFloat64(f.metrics.trusted.WithLabelValues("a.example.com")); got != 1 {
		t.Errorf("the webhook's trust is %v, want 1", got)
	}
}

func TestSecretSourceServesAnUntrustedPairBeforeTheOldOneExpires(t *testing.T) {
	f := newFixture(t)
	first, second := newCA(t, "first"), newCA(t, "second")
	certificate, key := first.leaf(t, epoch)
	f.put(t, certificate, key, first.pem)
	f.trust(t, first)
	f.at(t, time.Minute)
	certificate, key = second.leaf(t, epoch.Add(10*time.Minute))
	f.put(t, certificate, key, second.pem)
	f.at(t, 58*time.Minute)
	f.wantServed(t, "while there is time", first)
	f.at(t, 59*time.Minute)
	f.wantServed(t, "a minute before the end", second)
	if got := testutil.ToFloat64(f.metrics.adopted.WithLabelValues("false")); got != 1 {
		t.Errorf("%v such adoptions are counted, want 1", got)
	}
	if notices := strings.Join(f.Notices(), "\n"); !strings.Contains(notices, "what is served is not trusted") {
		t.Errorf("got notices %q", notices)
	}
}

func TestSecretSourceAdoptsAnEarlyPairWhenItsTimeComes(t *testing.T) {
	f := newFixture(t)
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch.Add(90*time.Second))
	f.put(t, certificate, key, ca.pem)
	if again := f.at(t, time.Minute); again > 90*time.Second {
		t.Errorf("asks to be called again at %s, too late", again)
	}
	if _, err := f.GetCertificate(nil); err == nil {
		t.Error("the pair is served before its time")
	}
	f.at(t, 90*time.Second)
	f.wantServed(t, "when its time has come", ca)
}

func TestSecretSourceReturnsErrorsOfTheAPI(t *testing.T) {
	broken := errors.New("no route to the API server")
	c := interceptor.NewClient(newFakeClient(t), interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return broken
		},
	})
	source, err := NewSecretSource(SecretOptions{Secret: secretKey, Configuration: "injector", Client: c})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Reconcile(t.Context(), reconcile.Request{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the API's error, so that it is tried again", err)
	}
}

func TestNewSecretSourceChecksItsOptions(t *testing.T) {
	c := newFakeClient(t)
	for name, options := range map[string]SecretOptions{
		"a Secret without a name":      {Secret: types.NamespacedName{Namespace: "ns"}, Configuration: "x", Client: c},
		"a Secret without a namespace": {Secret: types.NamespacedName{Name: "tls"}, Configuration: "x", Client: c},
		"no configuration":             {Secret: secretKey, Client: c},
		"no client":                    {Secret: secretKey, Configuration: "x"},
		"a negative slack":             {Secret: secretKey, Configuration: "x", Client: c, Slack: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewSecretSource(options); err == nil {
				t.Error("no error")
			}
		})
	}
}

// readyCertificate is a Certificate whose Secret is good, with the leaf's dates.
func readyCertificate(notBefore, notAfter time.Time) *cmapi.Certificate {
	return &cmapi.Certificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "tls", Generation: 3},
		Spec:       cmapi.CertificateSpec{IssuerRef: cmmeta.IssuerReference{Name: "ca"}},
		Status: cmapi.CertificateStatus{
			NotBefore: &metav1.Time{Time: notBefore}, NotAfter: &metav1.Time{Time: notAfter},
			Conditions: []cmapi.CertificateCondition{{Type: cmapi.CertificateConditionReady, Status: cmmeta.ConditionTrue, ObservedGeneration: 3}},
		},
	}
}
