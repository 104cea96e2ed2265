package serve

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// TestOwnerEvents: each owner is told once in a while, all together get no more than a burst, and nothing that a pod's author
// wrote reaches a terminal as it is.
func TestOwnerEvents(t *testing.T) {
	recorder := events.NewFakeRecorder(1000)
	owners, err := newOwnerEvents(recorder, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	refusal := func(n int) webhook.Refusal {
		return webhook.Refusal{
			Namespace: "shop", Owner: metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: fmt.Sprint("myapp-", n)},
			Err: errors.New("annotation \x1b[31m\n" + strings.Repeat("é", 2000)),
		}
	}
	for n := range 3 * ownerBurst {
		owners.tell(refusal(n))
		owners.tell(refusal(0))
	}
	count := func(result string) float64 { return testutil.ToFloat64(owners.results.WithLabelValues(result)) }
	if told, dropped := count(ownerTold), count(ownerDropped); told < ownerBurst || told+dropped != 3*ownerBurst || dropped == 0 {
		t.Errorf("%v told and %v dropped of %d owners", told, dropped, 3*ownerBurst)
	}
	if repeated := count(ownerRepeated); repeated != 3*ownerBurst {
		t.Errorf("%v repeated, want %d", repeated, 3*ownerBurst)
	}
	event := <-recorder.Events
	want := `Warning InjectionRefused a pod was refused, since its sidecar cannot be injected: annotation \x1b[31m; é`
	if !strings.HasPrefix(event, want) || !strings.HasSuffix(event, "…") || len(event) > 1024 {
		t.Errorf("the Event says %q", event)
	}
}
