package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestInjectorStopped: while no injector runs, pods that want a sidecar are
// refused, and all others are created as ever.
func TestInjectorStopped(t *testing.T) {
	if err := shared.injector.Stop(); err != nil {
		t.Fatal(err)
	}
	defer restart(t)
	for sentence, c := range map[string]struct {
		labels  map[string]string
		tweaks  []tweak
		refused bool
	}{
		"a pod that asks is refused":                          {nil, []tweak{asks}, true},
		"a pod of a labelled namespace is refused":            {injecting, nil, true},
		"a pod that says nothing is created":                  {nil, nil, false},
		"a pod that opts out by label is created":             {injecting, []tweak{label(injectKey, "false")}, false},
		"a pod that opts out by annotation is created":        {injecting, []tweak{annotation(injectKey, "false")}, false},
		"a host-network pod that says nothing is created":     {injecting, []tweak{hostNetwork}, false},
		"a Windows pod is created":                            {injecting, []tweak{windows, asks}, false},
		"a mirror pod is created":                             {injecting, []tweak{mirror}, false},
		"a pod in a namespace that is not enabled is created": {map[string]string{namespaceKey: "no"}, []tweak{asks}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			result := create(t, newPod(newNamespace(t, c.labels), c.tweaks...))
			if !c.refused {
				if result.err != nil {
					t.Error(result.err)
				}
				return
			}
			if result.err == nil {
				t.Fatal("the pod was created, want it refused")
			}
			for _, part := range []string{"failed calling webhook", ".sidecar-injector.github.io", "connection refused"} {
				if !strings.Contains(result.err.Error(), part) {
					t.Errorf("refused with %q, want a message with %q", result.err, part)
				}
			}
		})
	}
}

// restart starts the injector again and waits until it injects.
func restart(t *testing.T) {
	t.Helper()
	if err := startInjector(t.Context()); err != nil {
		t.Fatal(err)
	}
	namespace := newNamespace(t, nil)
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		result := create(t, newPod(namespace, asks))
		if result.err != nil {
			return result.err
		}
		return checkSidecar(result.pod, true)
	})
	if err != nil {
		t.Fatalf("wait for the injector after its restart: %v", err)
	}
}

// TestWrongCABundle shows that the API server checks the injector's certificate:
// with another CA in caBundle, and nobody to put it right, it refuses to ask.
func TestWrongCABundle(t *testing.T) {
	if err := shared.injector.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := startInjector(t.Context(), "--publish-ca-bundle=false"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shared.injector.Stop(); err != nil {
			t.Error(err)
		}
		restart(t) // the publisher puts the right bundle there
	}()
	namespace := newNamespace(t, nil)
	checkInjected(t, mustCreate(t, newPod(namespace, asks))) // with the right one

	client := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	configuration, err := client.Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var patch []map[string]any
	for i := range configuration.Webhooks {
		path := fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", i)
		patch = append(patch, map[string]any{"op": "replace", "path": path, "value": otherCA(t)})
	}
	text, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Patch(t.Context(), cluster.Release, types.JSONPatchType, text, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	err = cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		result := create(t, newPod(namespace, asks))
		if result.err == nil {
			return fmt.Errorf("the pod was created with a wrong caBundle")
		}
		if !strings.Contains(result.err.Error(), "x509") {
			return result.err
		}
		t.Logf("refused: %v", result.err)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// otherCA returns a CA's certificate, in PEM, that signed nothing.
func otherCA(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "another CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
