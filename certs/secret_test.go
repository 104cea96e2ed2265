package certs

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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

func newFakeClient(t *testing.T) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).Build()
}

// put creates or replaces the Secret.
func put(t *testing.T, c client.Client, certificate, key, ca []byte) {
	t.Helper()
	ctx := t.Context()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name}}
	if err := client.IgnoreNotFound(c.Delete(ctx, secret)); err != nil {
		t.Fatal(err)
	}
	secret.ResourceVersion = ""
	secret.Data = map[string][]byte{"tls.crt": certificate, "tls.key": key, "ca.crt": ca}
	if err := c.Create(ctx, secret); err != nil {
		t.Fatal(err)
	}
}

// fixture is a source with a client and a clock to change things with.
type fixture struct {
	*SecretSource
	client  client.WithWatch
	clock   *clocktesting.FakePassiveClock
	changes int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{client: newFakeClient(t), clock: clocktesting.NewFakePassiveClock(epoch.Add(time.Minute))}
	source, err := NewSecretSource(SecretOptions{
		Secret: secretKey, Reader: f.client, Clock: f.clock, Changed: func() { f.changes++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	f.SecretSource = source
	return f
}

func (f *fixture) reconcile(t *testing.T) reconcile.Result {
	t.Helper()
	result, err := f.Reconcile(t.Context(), reconcile.Request{NamespacedName: secretKey})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestSecretSourceSaysWhatItWaitsFor(t *testing.T) {
	f := newFixture(t)
	want := func(part string) {
		t.Helper()
		if _, err := f.GetCertificate(nil); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
		if f.CABundle() != nil {
			t.Error("there is a CA without a pair")
		}
	}
	want(`waiting for Secret "ns/tls"`)
	f.reconcile(t)
	want("does not exist")
	put(t, f.client, []byte("garbage"), nil, nil)
	f.reconcile(t)
	want(`read Secret "ns/tls": parse the pair`)
}

func TestSecretSourceKeepsTheLastGoodPair(t *testing.T) {
	ca, other := newCA(t, "ours"), newCA(t, "other")
	good, goodKey := ca.leaf(t, epoch)
	late, lateKey := ca.leaf(t, epoch.Add(-3*time.Hour))
	for name, change := range map[string]func(t *testing.T, c client.Client){
		"when the Secret holds garbage":          func(t *testing.T, c client.Client) { put(t, c, []byte("x"), []byte("y"), ca.pem) },
		"when the key is of another certificate": func(t *testing.T, c client.Client) { put(t, c, good, lateKey, ca.pem) },
		"when the new pair is expired":           func(t *testing.T, c client.Client) { put(t, c, late, lateKey, ca.pem) },
		"when the CA did not sign the new pair":  func(t *testing.T, c client.Client) { put(t, c, good, goodKey, other.pem) },
		"when the same pair comes again":         func(t *testing.T, c client.Client) { put(t, c, good, goodKey, ca.pem) },
		"when the Secret is empty":               func(t *testing.T, c client.Client) { put(t, c, nil, nil, nil) },
		"when the Secret is deleted": func(t *testing.T, c client.Client) {
			if err := c.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "tls"}}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			put(t, f.client, good, goodKey, ca.pem)
			f.reconcile(t)
			before, err := f.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			change(t, f.client)
			f.reconcile(t)
			after, err := f.GetCertificate(nil)
			if err != nil || after != before {
				t.Errorf("another pair is served (error %v)", err)
			}
			if live, err := f.LiveCABundle(t.Context()); err != nil || !bytes.Equal(live, ca.pem) {
				t.Errorf("the live CA changed (error %v)", err)
			}
			if f.changes != 1 {
				t.Errorf("told of %d changes, want 1", f.changes)
			}
		})
	}
}

func TestSecretSourceAdoptsANewPair(t *testing.T) {
	f := newFixture(t)
	first, second := newCA(t, "first"), newCA(t, "second")
	certificate, key := first.leaf(t, epoch)
	put(t, f.client, certificate, key, first.pem)
	f.reconcile(t)
	certificate, key = second.leaf(t, epoch)
	put(t, f.client, certificate, key, second.pem)
	if live, err := f.LiveCABundle(t.Context()); err != nil || !bytes.Equal(live, second.pem) {
		t.Errorf("the live CA is not that of the Secret (error %v)", err)
	}
	if !bytes.Equal(f.CABundle(), first.pem) {
		t.Error("the CA changed before the pair was adopted")
	}
	f.reconcile(t)
	pair, err := f.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.Leaf.CheckSignatureFrom(second.certificate); err != nil {
		t.Errorf("the new pair is not served: %v", err)
	}
	if !bytes.Equal(f.CABundle(), second.pem) || f.changes != 2 {
		t.Errorf("the new CA is not told: %d changes", f.changes)
	}
}

func TestSecretSourceAdoptsAnEarlyPairWhenItsTimeComes(t *testing.T) {
	f := newFixture(t)
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch.Add(11*time.Minute))
	put(t, f.client, certificate, key, ca.pem)
	if result := f.reconcile(t); result.RequeueAfter != 10*time.Minute {
		t.Errorf("asks to be called after %v, want 10m", result.RequeueAfter)
	}
	f.clock.SetTime(epoch.Add(11 * time.Minute))
	f.reconcile(t)
	if _, err := f.GetCertificate(nil); err != nil {
		t.Errorf("the pair is not served: %v", err)
	}
}

func TestSecretSourceReturnsErrorsOfTheAPI(t *testing.T) {
	broken := errors.New("no route to the API server")
	reader := interceptor.NewClient(newFakeClient(t), interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return broken
		},
	})
	source, err := NewSecretSource(SecretOptions{Secret: secretKey, Reader: reader})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Reconcile(t.Context(), reconcile.Request{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the API's error, so that it is tried again", err)
	}
	if _, err := source.LiveCABundle(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want the API's error", err)
	}
}

func TestNewSecretSourceChecksItsOptions(t *testing.T) {
	for name, options := range map[string]SecretOptions{
		"a Secret without a name":      {Secret: types.NamespacedName{Namespace: "ns"}, Reader: newFakeClient(t)},
		"a Secret without a namespace": {Secret: types.NamespacedName{Name: "tls"}, Reader: newFakeClient(t)},
		"no reader":                    {Secret: secretKey},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewSecretSource(options); err == nil {
				t.Error("no error")
			}
		})
	}
}
