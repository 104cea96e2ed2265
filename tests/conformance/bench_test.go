package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BenchmarkAdmission is one admission, from the review's bytes to the response's, of a small pod with Istio's own
// configuration: through Istio's webhook, and through ours for pods of one workload, which render alike, and for pods
// of which each is of another one.
func BenchmarkAdmission(b *testing.B) {
	c, err := renderChart(nil, "")
	if err != nil {
		b.Fatal(err)
	}
	istios, err := newIstios(c, stopOf(b))
	if err != nil {
		b.Fatal(err)
	}
	defer c.setProcess()()
	istios.around = nil
	ours, err := newOurs(c)
	if err != nil {
		b.Fatal(err)
	}
	const workloads = 1000
	bodies := make([][]byte, workloads)
	for i := range bodies {
		if bodies[i], err = smallPod(fmt.Sprintf("app-%d", i)); err != nil {
			b.Fatal(err)
		}
	}
	for _, bench := range []struct {
		name   string
		of     *injector
		bodies [][]byte
	}{
		{"Istio's/one workload", istios, bodies[:1]},
		{"ours/one workload", ours, bodies[:1]},
		{"Istio's/many workloads", istios, bodies},
		{"ours/many workloads", ours, bodies},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				request := httptest.NewRequest(http.MethodPost, bench.of.path, bytes.NewReader(bench.bodies[i%len(bench.bodies)]))
				request.Header.Set("Content-Type", "application/json")
				recorder := httptest.NewRecorder()
				bench.of.handler.ServeHTTP(recorder, request)
				if recorder.Code != http.StatusOK || !bytes.Contains(recorder.Body.Bytes(), []byte(`"patch"`)) {
					b.Fatalf("not injected: %d %s", recorder.Code, recorder.Body)
				}
			}
		})
	}
}

// smallPod returns the review of a pod that asks, of the workload of that name.
func smallPod(workload string) ([]byte, error) {
	sent, err := newSubmission(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: workload + "-",
			Labels:       map[string]string{"app": workload, "sidecar.istio.io/inject": "true"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:1", Ports: []corev1.ContainerPort{{ContainerPort: 80}}}}},
	}, "shop")
	if err != nil {
		return nil, err
	}
	return sent.review()
}
