package certs

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// What is repaired is told as overwritten; what comes new is not.
func TestPublisherTellsWhenItIsOverwritten(t *testing.T) {
	// The old CA is kept, and cannot be had again once it is lost.
	x, old := newCA(t, "x"), newCA(t, "old")
	c := newWebhookClient(t, []string{string(old.pem)}, keep(old, 2*time.Hour))
	p := newPublisher(t, fakeTrust{x.until(2 * time.Hour)}, c)
	reverts := func(when string, change func(*admissionv1.MutatingWebhookConfiguration)) float64 {
		t.Helper()
		var now admissionv1.MutatingWebhookConfiguration
		if err := c.Get(t.Context(), client.ObjectKey{Name: "injector"}, &now); err != nil {
			t.Fatal(err)
		}
		change(&now)
		if err := c.Update(t.Context(), &now); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := p.Reconcile(t.Context(), reconcile.Request{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, bundle := range func() []string { bundles, _ := readBundles(t, c); return bundles }() {
			if !strings.Contains(bundle, string(x.pem)) {
				t.Errorf("%s: a caBundle is not right", when)
			}
		}
		return testutil.ToFloat64(p.options.Metrics.reverted)
	}
	if got := reverts("at first", func(*admissionv1.MutatingWebhookConfiguration) {}); got != 0 {
		t.Errorf("an empty bundle that is filled is told as overwritten")
	}
	got := reverts("with a new entry", func(now *admissionv1.MutatingWebhookConfiguration) {
		now.Webhooks = append(now.Webhooks, admissionv1.MutatingWebhook{Name: "new.example.com"})
	})
	if got != 0 {
		t.Errorf("a new entry is told as overwritten")
	}
	got = reverts("when it was emptied", func(now *admissionv1.MutatingWebhookConfiguration) {
		for i := range now.Webhooks {
			now.Webhooks[i].ClientConfig.CABundle = nil
		}
	})
	if got != 1 {
		t.Errorf("%v times it was overwritten, want 1", got)
	}
}
