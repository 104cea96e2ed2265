package cluster_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// certificates is a client of cert-manager's Certificates in the release's
// namespace.
func certificates() dynamic.ResourceInterface {
	kind := schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}
	return shared.Dynamic.Resource(kind).Namespace(rotationRelease)
}

// renew asks cert-manager for a new certificate, as its command-line tool does:
// by the condition Issuing. It first waits until an issuance before has ended.
func renew(ctx context.Context, certificate string) error {
	if err := waitUntilIssued(ctx, certificate); err != nil {
		return err
	}
	return setIssuing(ctx, certificate)
}

// setIssuing sets the condition Issuing.
func setIssuing(ctx context.Context, certificate string) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		object, err := certificates().Get(ctx, certificate, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		if err != nil {
			return err
		}
		issuing := map[string]any{
			"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "Renewed by a test",
			"observedGeneration": object.GetGeneration(), "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}
		conditions = append(withoutCondition(conditions, "Issuing"), issuing)
		if err := unstructured.SetNestedSlice(object.Object, conditions, "status", "conditions"); err != nil {
			return err
		}
		_, err = certificates().UpdateStatus(ctx, object, metav1.UpdateOptions{})
		return err
	})
}

// waitUntilIssued waits until a Certificate is ready and nothing is being issued.
func waitUntilIssued(ctx context.Context, certificate string) error {
	return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		object, err := certificates().Get(ctx, certificate, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if conditionStatus(object, "Issuing") == "True" || conditionStatus(object, "Ready") != "True" {
			return fmt.Errorf("certificate %q is not ready, or is being issued", certificate)
		}
		return nil
	})
}

// conditionStatus returns the status of one condition; empty when it is not there.
func conditionStatus(object *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, c := range conditions {
		if condition, ok := c.(map[string]any); ok && condition["type"] == kind {
			status, _ := condition["status"].(string)
			return status
		}
	}
	return ""
}

func withoutCondition(conditions []any, kind string) []any {
	var kept []any
	for _, c := range conditions {
		if condition, ok := c.(map[string]any); !ok || condition["type"] != kind {
			kept = append(kept, c)
		}
	}
	return kept
}

// renewCA renews a CA's Certificate, which gives it a new key, and waits for that.
func (r *fleet) renewCA(ctx context.Context, certificate string) error {
	before, err := r.secretSerial(ctx, certificate)
	if err != nil {
		return err
	}
	if err := renew(ctx, certificate); err != nil {
		return err
	}
	err = cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		serial, err := r.secretSerial(ctx, certificate)
		if err == nil && serial == before {
			err = errors.New("the CA is the old one")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("renew CA %q: %w", certificate, err)
	}
	return waitUntilIssued(ctx, certificate)
}

// secret reads a Secret of the release.
func (r *fleet) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	return shared.Client.CoreV1().Secrets(rotationRelease).Get(ctx, name, metav1.GetOptions{})
}

// secretSerial returns the serial number of the leaf in a Secret.
func (r *fleet) secretSerial(ctx context.Context, name string) (string, error) {
	secret, err := r.secret(ctx, name)
	if err != nil {
		return "", err
	}
	leaf, err := firstCertificate(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return "", fmt.Errorf("read the leaf in Secret %q: %w", name, err)
	}
	return leaf.SerialNumber.Text(16), nil
}

// firstCertificate reads the first certificate of a PEM file.
func firstCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block is there")
	}
	return x509.ParseCertificate(block.Bytes)
}
