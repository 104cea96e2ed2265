package cluster_test

import (
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// corporateIssuer is a cluster's own CA.
const corporateIssuer = `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: corporate-root}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: corporate-ca, namespace: cert-manager}
spec:
  isCA: true
  commonName: corporate
  secretName: corporate-ca
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: corporate-root}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: corporate}
spec: {ca: {secretName: corporate-ca}}
`

// TestOwnIssuer installs the chart with a cluster's own ClusterIssuer: the chart makes no CA, and pods are injected.
func TestOwnIssuer(t *testing.T) {
	if _, _, err := shared.Kubectl(t.Context(), corporateIssuer, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	options := cluster.ChartOptions{Release: "issued", Namespace: "issued", WebhookAddress: address, Values: map[string]any{
		"config": map[string]any{"revision": "issued"}, "certificate": map[string]any{
			"trustSlack": "0s", "issuerRef": map[string]any{"name": "corporate", "kind": "ClusterIssuer"}}}}
	startRelease(t, options)
	waitForRevision(t, newNamespace(t, map[string]string{revisionKey: "issued"}), "issued")
	client, err := dynamic.NewForConfig(shared.Config)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]int{"issuers": 0, "certificates": 1} {
		kind := schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: resource}
		found, err := client.Resource(kind).Namespace("issued").List(t.Context(), metav1.ListOptions{})
		if err != nil && !apierrors.IsNotFound(err) || len(found.Items) != want {
			t.Error(fmt.Errorf("%d %s, want %d: %w", len(found.Items), resource, want, err))
		}
	}
}
