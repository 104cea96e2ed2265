package certificates

import (
	"testing"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestCAOf(t *testing.T) {
	issuer := func(name string, of cmapi.IssuerConfig) *cmapi.Issuer {
		return &cmapi.Issuer{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: name}, Spec: cmapi.IssuerSpec{IssuerConfig: of}}
	}
	certificate := func(namespace, name, secret string) *cmapi.Certificate {
		return &cmapi.Certificate{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: cmapi.CertificateSpec{SecretName: secret}}
	}
	objects := []client.Object{
		issuer("ca", cmapi.IssuerConfig{CA: &cmapi.CAIssuer{SecretName: "ca-secret"}}),
		issuer("lonely", cmapi.IssuerConfig{CA: &cmapi.CAIssuer{SecretName: "by-hand"}}),
		issuer("self", cmapi.IssuerConfig{SelfSigned: &cmapi.SelfSignedIssuer{}}),
		certificate("elsewhere", "other", "ca-secret"),
		certificate("mesh", "unrelated", "unrelated"),
		certificate("mesh", "the-ca", "ca-secret"),
	}
	cases := map[string]struct {
		ref  cmmeta.IssuerReference
		want string // the name, or the error
	}{
		"the Certificate of the Issuer's Secret": {cmmeta.IssuerReference{Name: "ca"}, "mesh/the-ca"},
		"the defaults written out":               {cmmeta.IssuerReference{Name: "ca", Kind: "Issuer", Group: "cert-manager.io"}, "mesh/the-ca"},
		"a Secret that was made by hand":         {cmmeta.IssuerReference{Name: "lonely"}, `find the CA's Certificate: none has the Secret "mesh/by-hand"`},
		"an Issuer that is no CA":                {cmmeta.IssuerReference{Name: "self"}, `find the CA's Certificate: Issuer "mesh/self" is not of the type CA`},
		"an Issuer that does not exist":          {cmmeta.IssuerReference{Name: "none"}, `find the CA's Certificate: Issuer "mesh/none" does not exist`},
		"a ClusterIssuer": {
			cmmeta.IssuerReference{Name: "ca", Kind: "ClusterIssuer"},
			`find the CA's Certificate: "ca" is a ClusterIssuer; renew its Certificate where it is kept, with cmctl`,
		},
		"an issuer of somebody else": {
			cmmeta.IssuerReference{Name: "ca", Group: "aws.example.com"},
			`find the CA's Certificate: issuer "ca" is of the group "aws.example.com", whose CA cert-manager does not renew`,
		},
	}
	injector := &Injector{client: fake.NewClientBuilder().WithScheme(newScheme()).WithRESTMapper(newMapper()).WithObjects(objects...).Build()}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			leaf := certificate("mesh", "leaf", "leaf")
			leaf.Spec.IssuerRef = c.ref
			key, err := injector.caOf(t.Context(), leaf)
			got := key.String()
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
