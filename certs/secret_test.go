package certs

import (
	"bytes"
	"context"
	"errors"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"strings"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

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
		"when a foreign CA stands beside the right one": {func(t *testing.T, f *fixture) {
			f.put(t, good, goodKey, append(bytes.Clone(other.pem), ca.pem...))
		}, ""},
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

// What is told while the Certificate is not known yet is told when it is.
func TestSecretSourceKeepsAnEventForTheCertificate(t *testing.T) {
	var certificate *cmapi.Certificate
	f := newFixture(t, func(o *SecretOptions) { o.Certificate = func() *cmapi.Certificate { return certificate } })
	f.at(t, time.Minute)
	if len(f.events) != 0 {
		t.Errorf("an Event is written on nothing: %s", <-f.events)
	}
	certificate = readyCertificate(epoch, epoch.Add(time.Hour))
	f.at(t, time.Minute)
	f.at(t, time.Minute)
	if want := `Warning ServingPairMissing waiting for Secret "ns/tls": it does not exist`; len(f.events) != 1 || <-f.events != want {
		t.Errorf("got %d Events, want one: %s", len(f.events), want)
	}
}

// Without its CA a pair is not what cert-manager issued, and nobody could repair
// caBundle.
func TestSecretSourceWantsTheCA(t *testing.T) {
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch)
	f, _ := newIssuedFixture(t, true)
	f.put(t, certificate, key, ca.pem)
	f.trust(t, ca)
	f.at(t, time.Minute)
	f.put(t, certificate, key, nil)
	f.at(t, 30*time.Minute)
	f.at(t, 31*time.Minute)
	if len(f.CAs()) != 1 || !f.asked(t) || testutil.ToFloat64(f.metrics.refused.WithLabelValues(refusedCA)) != 1 {
		t.Errorf("got %d CAs, asked %v: want the CA kept, the Secret refused and asked for again", len(f.CAs()), f.asked(t))
	}
}

// A webhook that was given a foreign name does not stop the others.
func TestSecretSourceServesTheNamesThatItCan(t *testing.T) {
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch)
	for name, want := range map[string]bool{"beside a right one": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			var configuration admissionv1.MutatingWebhookConfiguration
			if err := f.client.Get(t.Context(), client.ObjectKey{Name: "injector"}, &configuration); err != nil {
				t.Fatal(err)
			}
			foreign := "https://foreign.example.com/"
			if want {
				configuration.Webhooks = append(configuration.Webhooks, admissionv1.MutatingWebhook{Name: "foreign.example.com"})
			}
			configuration.Webhooks[len(configuration.Webhooks)-1].ClientConfig = admissionv1.WebhookClientConfig{URL: &foreign}
			if err := f.client.Update(t.Context(), &configuration); err != nil {
				t.Fatal(err)
			}
			f.put(t, certificate, key, ca.pem)
			f.at(t, time.Minute)
			if _, err := f.GetCertificate(nil); (err == nil) != want {
				t.Errorf("got error %v", err)
			}
		})
	}
}
