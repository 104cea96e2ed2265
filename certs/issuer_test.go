package certs

import (
	"errors"
	"strings"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestCheckIssued(t *testing.T) {
	leaf := newCA(t, "x").pairUntil(t, 0, time.Hour).Certificate.Leaf
	const foreign = "the Secret is not of this Certificate: its annotation cert-manager.io/"
	for name, test := range map[string]struct {
		change func(*corev1.Secret, *cmapi.Certificate)
		want   string // the begin of the error; empty: none
	}{
		"what was issued passes": {func(*corev1.Secret, *cmapi.Certificate) {}, ""},
		"another Certificate's Secret": {func(s *corev1.Secret, _ *cmapi.Certificate) {
			s.Annotations[cmapi.CertificateNameKey] = "other"
		}, foreign + `certificate-name is "other", and "tls"`},
		"a Secret by hand": {func(s *corev1.Secret, _ *cmapi.Certificate) { s.Annotations = nil },
			foreign + `certificate-name is "", and "tls"`},
		"another issuer": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Spec.IssuerRef.Name = "new" },
			foreign + `issuer-name is "ca", and "new"`},
		"another kind of issuer": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Spec.IssuerRef.Kind = "ClusterIssuer" },
			foreign + `issuer-kind is "Issuer", and "ClusterIssuer"`},
		"another group": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Spec.IssuerRef.Group = "awspca.cert-manager.io" },
			foreign + `issuer-group is "cert-manager.io", and "awspca.cert-manager.io"`},
		"the defaults of an issuer, written out": {func(_ *corev1.Secret, c *cmapi.Certificate) {
			c.Spec.IssuerRef.Kind, c.Spec.IssuerRef.Group = "Issuer", "cert-manager.io"
		}, ""},
		"a Certificate that is not Ready": {func(_ *corev1.Secret, c *cmapi.Certificate) {
			c.Status.Conditions[0].Status, c.Status.Conditions[0].Message = cmmeta.ConditionFalse, "no key"
		}, `the Certificate "tls" is not Ready: no key`},
		"a Certificate of which nothing is known": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Status.Conditions = nil },
			`the Certificate "tls" is not Ready`},
		"a Certificate that was changed": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Generation++ },
			`the Certificate "tls" is Ready as it was before`},
		"a leaf of other dates": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Status.NotAfter = &metav1.Time{Time: epoch} },
			`the Certificate "tls" is Ready for another leaf`},
		"a Certificate without dates": {func(_ *corev1.Secret, c *cmapi.Certificate) { c.Status.NotBefore = nil },
			`the Certificate "tls" is Ready for another leaf`},
	} {
		t.Run(name, func(t *testing.T) {
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{
				cmapi.CertificateNameKey: "tls", cmapi.IssuerNameAnnotationKey: "ca",
			}}}
			certificate := readyCertificate(epoch, epoch.Add(time.Hour))
			test.change(secret, certificate)
			err := CheckIssued(secret, leaf, certificate)
			if got := errorText(err); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("got error %q, want %q", got, test.want)
			}
			if errors.Is(err, errForeign) != strings.HasPrefix(test.want, foreign) {
				t.Errorf("%v: whether another issuer is asked for is told wrong", err)
			}
		})
	}
}

func TestRequestIssuance(t *testing.T) {
	certificate := readyCertificate(epoch, epoch.Add(time.Hour))
	certificate.Status.Conditions = append(certificate.Status.Conditions, cmapi.CertificateCondition{
		Type: cmapi.CertificateConditionIssuing, Status: cmmeta.ConditionFalse, Reason: "Failed",
	})
	c := newFakeClient(t, certificate)
	read := func() *cmapi.Certificate {
		t.Helper()
		var now cmapi.Certificate
		if err := c.Get(t.Context(), types.NamespacedName{Namespace: "ns", Name: "tls"}, &now); err != nil {
			t.Fatal(err)
		}
		return &now
	}
	before := read()
	if err := RequestIssuance(t.Context(), c, before, "Why", "because", epoch); err != nil {
		t.Fatal(err)
	}
	after := read()
	asked := Condition(after, cmapi.CertificateConditionIssuing)
	if !Issuing(after) || asked.Reason != "Why" || asked.Message != "because" || asked.ObservedGeneration != 3 || len(after.Status.Conditions) != 2 {
		t.Errorf("got conditions %+v", after.Status.Conditions)
	}
	if err := RequestIssuance(t.Context(), c, before, "Again", "", epoch); err == nil {
		t.Error("a Certificate that has changed meanwhile is overwritten")
	}
	version := after.ResourceVersion
	if err := RequestIssuance(t.Context(), c, after, "Again", "", epoch); err != nil || read().ResourceVersion != version {
		t.Errorf("what is under way is asked for again (error %v)", err)
	}
	if err := RequestIssuance(t.Context(), c, readyCertificate(epoch, epoch), "Why", "", epoch); err == nil {
		t.Error("a Certificate that was not read is written")
	}
}

// A CA is told once cert-manager vouches for it, and a Secret of another issuer is
// asked for again.
func TestSecretSourceTellsOnlyIssuedCAs(t *testing.T) {
	ca := newCA(t, "ours")
	text, key := ca.leaf(t, epoch)
	f, certificate := newIssuedFixture(t, false)
	f.put(t, text, key, ca.pem)
	f.at(t, time.Minute)
	f.wantServed(t, "since there is no other", ca)
	if got := <-f.events; got != "Normal ServingPairAdopted serves the certificate "+f.pair.Load().Certificate.Leaf.SerialNumber.Text(16) {
		t.Errorf("got the Event %q", got)
	}
	if f.CAs() != nil || !strings.Contains(strings.Join(f.Notices(), ""), `the Certificate "tls" is not Ready`) {
		t.Errorf("got CAs %v and notices %q, want none that is not issued", f.CAs(), f.Notices())
	}
	certificate.Status = readyCertificate(epoch, epoch.Add(time.Hour)).Status
	f.at(t, 2*time.Minute)
	if len(f.CAs()) != 1 || f.changes != 1 {
		t.Errorf("got %d CAs, want the one that was issued", len(f.CAs()))
	}
	// A renewal that fails later changes nothing for what was issued.
	certificate.Status.Conditions[0].Status = cmmeta.ConditionFalse
	f.at(t, 3*time.Minute)
	if len(f.CAs()) != 1 {
		t.Error("the CA of what is served is taken back")
	}
	// A foreign pair, even one that looks good.
	foreign := newCA(t, "foreign")
	text, key = foreign.leaf(t, epoch)
	f.put(t, text, key, foreign.pem)
	certificate.Spec.IssuerRef.Name = "other"
	f.at(t, 4*time.Minute)
	if f.asked(t) {
		t.Error("a foreign Secret is asked for again before cert-manager had the time")
	}
	f.current(t, certificate)
	f.at(t, 5*time.Minute)
	if !f.asked(t) {
		t.Error("a foreign Secret is not asked for again")
	}
	f.at(t, 30*time.Minute)
	f.wantServed(t, "instead of a foreign pair", ca)
	if len(f.CAs()) != 1 {
		t.Error("a foreign CA is told")
	}
}

// asked reports whether cert-manager was asked to issue the Certificate.
func (f *fixture) asked(t *testing.T) bool {
	t.Helper()
	var now cmapi.Certificate
	if err := f.client.Get(t.Context(), secretKey, &now); err != nil {
		t.Fatal(err)
	}
	return Issuing(&now)
}

// current gives a Certificate that was changed here alone the version of the
// cluster's.
func (f *fixture) current(t *testing.T, certificate *cmapi.Certificate) {
	t.Helper()
	var now cmapi.Certificate
	if err := f.client.Get(t.Context(), secretKey, &now); err != nil {
		t.Fatal(err)
	}
	certificate.ResourceVersion = now.ResourceVersion
}

// newIssuedFixture returns a fixture with a Certificate, which may be changed.
func newIssuedFixture(t *testing.T, ready bool) (*fixture, *cmapi.Certificate) {
	t.Helper()
	certificate := readyCertificate(epoch, epoch.Add(time.Hour))
	if !ready {
		certificate.Status = cmapi.CertificateStatus{}
	}
	f := newFixture(t, func(o *SecretOptions) { o.Certificate = func() *cmapi.Certificate { return certificate } })
	if err := f.client.Create(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	return f, certificate
}

// A bad Secret is asked for again after a while, and rarely.
func TestSecretSourceAsksForAnotherPair(t *testing.T) {
	f, certificate := newIssuedFixture(t, true)
	f.put(t, []byte("garbage"), nil, nil)
	asked := func(at time.Duration) bool {
		t.Helper()
		f.at(t, at)
		var now cmapi.Certificate
		if err := f.client.Get(t.Context(), client.ObjectKeyFromObject(certificate), &now); err != nil {
			t.Fatal(err)
		}
		if !Issuing(&now) {
			return false
		}
		// cert-manager does so, and fails.
		now.Status.Conditions = now.Status.Conditions[:1]
		if err := f.client.Status().Update(t.Context(), &now); err != nil {
			t.Fatal(err)
		}
		*certificate = now
		return true
	}
	for _, step := range []struct {
		at   time.Duration
		want bool
	}{
		{60 * time.Second, false}, // seen
		{69 * time.Second, false},
		{70 * time.Second, true}, // the grace is over
		{71 * time.Second, false},
		{129 * time.Second, false},
		{130 * time.Second, true}, // a minute later
		{200 * time.Second, false},
		{250 * time.Second, true}, // two minutes later
	} {
		if got := asked(step.at); got != step.want {
			t.Errorf("after %s: asked is %v, want %v", step.at, got, step.want)
		}
	}
	ca := newCA(t, "ours")
	text, key := ca.leaf(t, epoch)
	f.put(t, text, key, ca.pem)
	f.at(t, 5*time.Minute)
	f.delete(t)
	for _, step := range []struct {
		at   time.Duration
		want bool
	}{{6 * time.Minute, false}, {6*time.Minute + 10*time.Second, true}} {
		if got := asked(step.at); got != step.want {
			t.Errorf("when it was good meanwhile, after %s: asked is %v, want %v", step.at, got, step.want)
		}
	}
}
