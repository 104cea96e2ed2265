package certificates

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// now is when everything is judged.
var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// well is an installed injector with nothing wrong, and one replica.
func well(t *testing.T) (*objects, []look) {
	t.Helper()
	ca := newCA(t, "sidecar-injector-ca")
	leaf := ca.issue(t, now.Add(-time.Hour), now.Add(48*time.Hour))
	return &objects{
		certificate:   newCertificate(leaf.certificate),
		secret:        newSecret(leaf, ca.pem),
		configuration: newConfiguration(ca.certificate, ca.pem),
	}, []look{{replica: replica{name: "injector-a", ready: new(true)}, chain: []*x509.Certificate{leaf.certificate}}}
}

func TestJudge(t *testing.T) {
	other := newCA(t, "other-ca")
	cases := map[string]struct {
		change func(found *objects, looks *[]look)
		want   []string // each the beginning of a problem
	}{
		"nothing is wrong": {func(*objects, *[]look) {}, nil},
		"a Certificate that does not exist": {
			func(found *objects, _ *[]look) { found.certificate = nil },
			[]string{`Certificate "mesh/injector-tls" does not exist`},
		},
		"a Certificate that is not Ready": {
			func(found *objects, _ *[]look) {
				found.certificate.Status.Conditions = []cmapi.CertificateCondition{{Type: "Ready", Status: "False", Message: "no issuer"}}
			},
			[]string{`Certificate "mesh/injector-tls" is not Ready: no issuer`},
		},
		"a Certificate that is Ready for another leaf": {
			func(found *objects, _ *[]look) { found.certificate.Status.NotAfter = &metav1.Time{Time: now} },
			[]string{`the Secret is not what cert-manager issued last: `},
		},
		"issuing failed": {
			func(found *objects, _ *[]look) { found.certificate.Status.FailedIssuanceAttempts = new(2) },
			[]string{`issuing Certificate "mesh/injector-tls" failed, 2 times in a row`},
		},
		"a Secret that does not exist": {
			func(found *objects, looks *[]look) { found.secret = nil },
			[]string{`Secret "mesh/injector-tls" does not exist`},
		},
		"a Secret with the key of another pair": {
			func(found *objects, _ *[]look) {
				found.secret.Data["tls.key"] = newSecret(other.issue(t, now, now.Add(time.Hour)), nil).Data["tls.key"]
			},
			[]string{`Secret "mesh/injector-tls" holds no pair that can be served: parse the pair: `},
		},
		"a Secret whose leaf expired, and is served": {
			func(found *objects, looks *[]look) {
				ca := newCA(t, "ca")
				leaf := ca.issue(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
				*found = objects{newCertificate(leaf.certificate), newSecret(leaf, ca.pem), newConfiguration(ca.certificate, ca.pem)}
				(*looks)[0].chain = []*x509.Certificate{leaf.certificate}
			},
			[]string{
				`Secret "mesh/injector-tls" holds no pair that can be served: the certificate expired`,
				`entry "pod.test" does not trust the Secret's leaf for "injector.mesh.svc": x509: certificate has expired`,
				`replica "injector-a" serves what entry "pod.test" does not trust: x509: certificate has expired`,
			},
		},
		"an entry with the CA of others": {
			func(found *objects, _ *[]look) { found.configuration.Webhooks[0].ClientConfig.CABundle = other.pem },
			[]string{
				`entry "pod.test" does not trust the Secret's leaf for "injector.mesh.svc": x509: certificate signed by unknown authority`,
				`replica "injector-a" serves what entry "pod.test" does not trust: x509: certificate signed by unknown authority`,
			},
		},
		"one entry of two without a caBundle": {
			func(found *objects, _ *[]look) {
				second := *found.configuration.Webhooks[0].DeepCopy()
				second.Name, second.ClientConfig.CABundle = "second.test", nil
				found.configuration.Webhooks = append(found.configuration.Webhooks, second)
			},
			[]string{
				`entry "second.test" does not trust the Secret's leaf for "injector.mesh.svc": it has no caBundle`,
				`replica "injector-a" serves what entry "second.test" does not trust: it has no caBundle`,
			},
		},
		"a leaf for another host": {
			func(found *objects, _ *[]look) {
				client := &found.configuration.Webhooks[0].ClientConfig
				client.Service, client.URL = nil, new("https://elsewhere.test:8443/inject")
			},
			[]string{
				`entry "pod.test" does not trust the Secret's leaf for "elsewhere.test": x509: certificate is valid for injector.mesh.svc, not elsewhere.test`,
				`replica "injector-a" serves what entry "pod.test" does not trust: x509: certificate is valid for`,
			},
		},
		"a webhook configuration that does not exist": {
			func(found *objects, _ *[]look) { found.configuration = nil },
			[]string{`MutatingWebhookConfiguration "injector" does not exist`},
		},
		"a replica that cannot be reached": {
			func(_ *objects, looks *[]look) { (*looks)[0].err = errors.New("connection refused") },
			[]string{`replica "injector-a" cannot be looked at: connection refused`},
		},
		"a replica that serves another leaf of the same CA is not wrong": {
			func(found *objects, looks *[]look) {
				ca := newCA(t, "ca")
				old, leaf := ca.issue(t, now.Add(-2*time.Hour), now.Add(time.Hour)), ca.issue(t, now.Add(-time.Hour), now.Add(time.Hour))
				*found = objects{newCertificate(leaf.certificate), newSecret(leaf, ca.pem), newConfiguration(ca.certificate, ca.pem)}
				(*looks)[0].chain = []*x509.Certificate{old.certificate}
			},
			nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			found, looks := well(t)
			c.change(found, &looks)
			status := judge("injector", testPair, found, looks, now)
			if !slices.EqualFunc(status.Problems, c.want, strings.HasPrefix) {
				t.Errorf("problems:\n%s\nwant what begins with:\n%s", strings.Join(status.Problems, "\n"), strings.Join(c.want, "\n"))
			}
			if status.OK != (len(c.want) == 0) {
				t.Errorf("OK is %v", status.OK)
			}
		})
	}
}

func TestJudgeOwner(t *testing.T) {
	cases := map[string]struct {
		annotations map[string]string
		owner       Owner
		source      string
	}{
		"nothing says who":              {nil, OwnerUnknown, ""},
		"the injector wrote its times":  {map[string]string{certs.AnnotationKeepUntilPrefix + "00": "2026-11-23T12:00:00Z"}, OwnerInjector, ""},
		"cainjector by the Certificate": {map[string]string{"cert-manager.io/inject-ca-from": "mesh/injector-tls"}, OwnerCAInjector, "cert-manager.io/inject-ca-from=mesh/injector-tls"},
		"both: cainjector overwrites": {
			map[string]string{certs.AnnotationKeepUntilPrefix + "00": "2026-11-23T12:00:00Z", "cert-manager.io/inject-ca-from": "a/b"},
			OwnerCAInjector, "cert-manager.io/inject-ca-from=a/b",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			configuration := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Annotations: c.annotations}}
			if owner, source := ownerOf(configuration); owner != c.owner || source != c.source {
				t.Errorf("got %q, %q; want %q, %q", owner, source, c.owner, c.source)
			}
		})
	}
}

// TestText compares what is printed with testdata. UPDATE_GOLDEN=1 rewrites it.
func TestText(t *testing.T) {
	for _, name := range []string{"well", "wrong"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var status Status
			if err := yaml.UnmarshalStrict(data, &status); err != nil {
				t.Fatal(err)
			}
			checkGolden(t, name+".txt", status.Text())
			for _, line := range strings.Split(status.Text(), "\n") {
				if len(line) > pageWidth {
					t.Errorf("%d columns: %s", len(line), line)
				}
			}
		})
	}
}

// TestStatusFields checks that the data has every list, also with nothing in it,
// and comes back as it was.
func TestStatusFields(t *testing.T) {
	data, err := json.Marshal(judge("injector", testPair, &objects{secret: &corev1.Secret{}, configuration: &admissionv1.MutatingWebhookConfiguration{}}, nil, now))
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Replace(string(data), `"certificate":null`, "", 1); len(text) == len(data) || strings.Contains(text, "null") {
		t.Errorf("want null for the Certificate alone: %s", data)
	}
	found, looks := well(t)
	status := judge("injector", testPair, found, looks, now)
	if data, err = json.Marshal(status); err != nil {
		t.Fatal(err)
	}
	var back Status
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(status, &back); diff != "" {
		t.Error(diff)
	}
	if !back.OK || len(back.Webhooks.Entries) != 1 || back.Webhooks.Entries[0].CAs[0].KeepUntil == nil || !back.Replicas[0].FromSecret || !back.Replicas[0].Trusted {
		t.Errorf("got %s", data)
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Error("rewritten: look at what changed, then run again without UPDATE_GOLDEN")
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (UPDATE_GOLDEN=1 rewrites it): %s", file, diff)
	}
}
