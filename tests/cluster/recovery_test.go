package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// early is a release whose injector is started before there is a certificate.
const early = "early"

// TestStartedTooEarly: an injector that is started before cert-manager waits, says
// what it waits for, and becomes ready by itself.
func TestStartedTooEarly(t *testing.T) {
	if err := shared.StopCertManager(); err != nil {
		t.Fatal(err)
	}
	stopped := true
	startCertManager := func() {
		if stopped {
			stopped = false
			if err := shared.StartCertManager(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
	defer startCertManager()
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	options := cluster.ChartOptions{
		Release: early, Namespace: early, WebhookAddress: address,
		Values: map[string]any{"config": map[string]any{"namespaceLabel": "early-test=enabled"}, "excludedNamespaces": everyNamespace(t)},
	}
	if err := shared.ApplyChart(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shared.DeleteChart(context.WithoutCancel(t.Context()), options); err != nil {
			t.Error(err)
		}
	}()
	health, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	type started struct {
		injector *cluster.Injector
		err      error
	}
	starting := make(chan started, 1)
	go func() {
		injector, err := shared.StartInjector(t.Context(), cluster.InjectorOptions{Chart: options, Name: early, Health: health})
		starting <- started{injector, err}
	}()
	waitForReadyz(t, health, http.StatusServiceUnavailable, `serving pair: waiting for Secret "early/early-tls": it does not exist`)

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: early + "-tls", Namespace: early}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{"tls.crt": []byte("garbage"), "tls.key": []byte("garbage")},
	}
	if _, err := shared.Client.CoreV1().Secrets(early).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitForReadyz(t, health, http.StatusServiceUnavailable, `serving pair: read Secret "early/early-tls": parse the pair`)

	startCertManager()
	result := <-starting
	if result.err != nil {
		t.Fatal(result.err)
	}
	waitForReadyz(t, health, http.StatusOK, "ok")
	if err := result.injector.Stop(); err != nil {
		t.Error(err)
	}
	log, err := os.ReadFile(result.injector.Log)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Secret of the serving pair does not exist", "Serving pair refused", "Serving pair adopted", "Trust bundle published"} {
		if !strings.Contains(string(log), line) {
			t.Errorf("the log does not say %q", line)
		}
	}
	for _, reason := range []string{"ServingPairMissing", "ServingPairRefused", "ServingPairAdopted"} {
		if err := waitForCertificateEvent(t.Context(), early, reason); err != nil {
			t.Error(err)
		}
	}
}

// everyNamespace returns those that other tests use: the release is to have no pods.
func everyNamespace(t *testing.T) []any {
	t.Helper()
	namespaces, err := shared.Client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []any
	for i := range namespaces.Items {
		names = append(names, namespaces.Items[i].Name)
	}
	return names
}

// waitForReadyz waits until /readyz has that status and a text with that part.
func waitForReadyz(t *testing.T, health string, status int, part string) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		got, text, err := cluster.Readyz(ctx, health, "")
		if err == nil && (got != status || !strings.Contains(text, part)) {
			err = fmt.Errorf("/readyz says %d %q, want %d and %q", got, text, status, part)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// waitForCertificateEvent waits for an Event on the Certificate of a release.
func waitForCertificateEvent(ctx context.Context, release, reason string) error {
	return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		events, err := shared.Client.EventsV1().Events(release).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reason})
		if err != nil {
			return err
		}
		for i := range events.Items {
			if on := events.Items[i].Regarding; on.Kind == "Certificate" && on.Name == release+"-tls" {
				return nil
			}
		}
		return fmt.Errorf("there is no Event %q on Certificate %q", reason, release+"-tls")
	})
}
