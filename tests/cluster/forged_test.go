package cluster_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

const (
	mutualRelease = "mutual"
	mutualLabel   = "mutual-test"
	// forgeries is how many reviews are sent by who is not the API server.
	forgeries = 1000
)

// TestForgedReviews shows what --client-ca is for: of a thousand reviews that are not the API server's none is answered,
// and of those that are none is lost, while CA and certificate are replaced by others.
func TestForgedReviews(t *testing.T) {
	m := newMutual(t)
	old, next := shared.APIClientCA, authority(t, "next")
	stranger := authority(t, "webhook clients")
	forgers := map[string][]byte{
		"nobody":                 nil,
		"another CA's":           issue(t, stranger, cluster.APIClientName),
		"another client's":       issue(t, old, "kubelet"),
		"another client's later": issue(t, next, "kubelet"),
	}
	forge := func(count int) (answered int) {
		for name, pair := range forgers {
			for range count / len(forgers) {
				if m.ask(t, pair) == nil {
					answered++
					t.Errorf("the review of %s is answered", name)
				}
			}
		}
		return answered
	}
	truth, nextTruth := issue(t, old, cluster.APIClientName), issue(t, next, cluster.APIClientName)
	m.await(t, "the API server's certificate is good", func() error { return m.ask(t, truth) })

	answered := forge(forgeries / 2)
	m.write(t, m.caFile, append(append([]byte{}, old.PEM...), next.PEM...))
	m.await(t, "both CAs are good", func() error { return errors.Join(m.ask(t, truth), m.ask(t, nextTruth)) })
	m.replaceCertificate(t, nextTruth)
	shared.APIClientCA = next
	m.newConnections(t)
	m.write(t, m.caFile, next.PEM)
	m.await(t, "the old CA is not", func() error {
		if m.ask(t, truth) == nil {
			return errors.New("it still is")
		}
		return m.ask(t, nextTruth)
	})
	forgers["the API server's of yesterday"] = truth
	answered += forge(forgeries - forgeries/2)
	m.newConnections(t)

	m.load.Load().Stop()
	counts := m.load.Load().Counts()
	t.Logf("%d forged reviews, %d answered; %d pods created, %d refused, %d not injected, %d not answered",
		forgeries, answered, counts.Created, counts.Refused, counts.Uninjected, counts.Unanswered)
	if counts.Created < 20 || counts.Refused+counts.Uninjected+counts.Unanswered > 0 {
		t.Errorf("true ones are lost: %+v, %v", counts, m.load.Load().Failures(time.Time{}))
	}
}

// mutual is an injector that wants a client certificate, and pods created all the time.
type mutual struct {
	caFile   string
	address  string // of the injector itself
	balancer *cluster.Balancer
	load     atomic.Pointer[cluster.Load]
}

func newMutual(t *testing.T) *mutual {
	t.Helper()
	m := &mutual{caFile: filepath.Join(t.TempDir(), "ca.crt")}
	m.write(t, m.caFile, shared.APIClientCA.PEM)
	if err := shared.CreateNamespace(t.Context(), mutualRelease+"-pods", map[string]string{mutualLabel: "enabled"}); err != nil {
		t.Fatal(err)
	}
	var err error
	m.balancer, err = cluster.StartBalancer(cluster.BalancerOptions{Address: shared.ClientAddress, Quiet: func(closeAll func()) {
		if load := m.load.Load(); load != nil {
			load.Quiet(closeAll)
			return
		}
		closeAll()
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.balancer.Stop() })
	chart := cluster.ChartOptions{
		Release: mutualRelease, Namespace: mutualRelease, WebhookAddress: m.balancer.Address,
		Values: map[string]any{"config": map[string]any{"namespaceLabel": mutualLabel + "=enabled"}},
	}
	installRelease(t, chart)
	if err := shared.WaitForServingPair(t.Context(), chart); err != nil {
		t.Fatal(err)
	}
	if m.address, err = cluster.FreeAddress(); err != nil {
		t.Fatal(err)
	}
	own := chart
	own.WebhookAddress = m.address
	injector, err := shared.StartInjector(t.Context(), cluster.InjectorOptions{
		Chart: own, Name: mutualRelease, Args: []string{"--client-ca=" + m.caFile, "--client-allowed-names=" + cluster.APIClientName},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = injector.Stop() })
	m.balancer.Set(mutualRelease, m.address, injector.Health)
	if err := shared.WaitForCABundle(t.Context(), chart); err != nil {
		t.Fatal(err)
	}
	m.await(t, "a pod is injected", func() error {
		result := create(t, newPod(mutualRelease+"-pods"))
		if result.err != nil {
			return result.err
		}
		return checkSidecar(result.pod, true)
	})
	m.load.Store(shared.StartLoad(cluster.LoadOptions{
		Clients: 3, Interval: loadInterval,
		Pod: func(n int) *corev1.Pod {
			pod := newPod(mutualRelease + "-pods")
			pod.Name = fmt.Sprintf("pod-%d", n)
			return pod
		},
		Check: func(pod *corev1.Pod) error { return checkSidecar(pod, true) },
	}))
	t.Cleanup(m.load.Load().Stop)
	return m
}

// ask sends a review as somebody, past the balancer, on a connection of its own. The error says that it is not answered.
func (m *mutual) ask(t *testing.T, pair []byte) error {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true}
	if pair != nil {
		certificate, err := tls.X509KeyPair(pair, pair)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	pod := newPod(mutualRelease + "-pods")
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "forged", Operation: admissionv1.Create, Namespace: pod.Namespace, Object: runtime.RawExtension{Raw: raw},
			Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		},
	}
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: waitTimeout, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	response, err := client.Post("https://"+m.address+"/inject/namespace", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && !strings.Contains(string(answer), `"patch":`) {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

// replaceCertificate gives the API server another certificate, and restarts it while no pod is being created, as one of
// several is restarted while others take its requests. It would find the new file by itself, but closes the connection
// with whose handshake it does, and the pod behind that is refused.
func (m *mutual) replaceCertificate(t *testing.T, pair []byte) {
	t.Helper()
	err := errors.New("there was no moment without a pod that is being created")
	m.load.Load().Quiet(func() {
		m.write(t, shared.APIClientPair, pair)
		err = shared.RestartAPIServer()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newConnections waits until the API server has made some, each with the certificate that it has now.
func (m *mutual) newConnections(t *testing.T) {
	t.Helper()
	begin := time.Now()
	m.await(t, "new connections", func() error {
		made := 0
		for _, connection := range m.balancer.Connections() {
			if connection.Opened.After(begin) && connection.Trusted() {
				made++
			}
		}
		if made < 3 {
			return fmt.Errorf("%d are made", made)
		}
		return nil
	})
}

func (m *mutual) await(t *testing.T, what string, condition func() error) {
	t.Helper()
	if err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error { return condition() }); err != nil {
		t.Fatalf("wait until %s: %v", what, err)
	}
}

func (m *mutual) write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := cluster.ReplaceFile(file, text); err != nil {
		t.Fatal(err)
	}
}

func authority(t *testing.T, name string) *cluster.ClientAuthority {
	t.Helper()
	made, err := cluster.NewClientAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func issue(t *testing.T, by *cluster.ClientAuthority, name string) []byte {
	t.Helper()
	pair, err := by.Issue(name)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
