package certs

import (
	"context"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
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
	events  chan string
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
	recorder := events.NewFakeRecorder(100)
	f.events = recorder.Events
	options := SecretOptions{
		Recorder: recorder,
		Secret:   secretKey, Configuration: "injector", Client: f.client, Clock: f.clock, Metrics: f.metrics, Slack: slack,
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
