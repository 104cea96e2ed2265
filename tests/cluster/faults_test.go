package cluster_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// faultRow is one thing that goes wrong while pods are created.
type faultRow struct {
	sentence string
	do       func(context.Context, *fleet) error
	// costs says of a pod that was refused or not answered that the fault may cost it, and most how many those may be.
	// Nil: none. A pod without its sidecar is never excused.
	costs func(*fleet, cluster.Failure) bool
	most  int
	// root: only root on Linux can make it happen.
	root bool
}

// faultRows are all rows. They happen in this order, and each leaves two replicas that are ready.
//
// A call of a webhook is made once: what a killed replica held is lost, and so is what still goes to it until the load
// balancer has noticed, which takes this test's as long as a Service's. Each client has one pod on its way at a time, and
// every second one goes to the other replica.
func faultRows() []faultRow {
	return []faultRow{
		{sentence: "a replica killed, and started again", do: killReplica, costs: whileNoticed, most: 60},
		{sentence: "a replica frozen for 12 s", do: freezeReplica, costs: whileFrozen, most: 20},
		{sentence: "a replica out of memory", do: outOfMemory, costs: whileNoticed, most: 60, root: true},
		{sentence: "a replica cut off from the API server for 10 s", do: cutOff(1)},
		{sentence: "both cut off for 10 s", do: cutOff(2)},
		{sentence: "the API server restarted", do: restartAPIServer, costs: byAPIServer, most: 1000},
		{sentence: "the configuration deleted, and restored", do: breakConfiguration(deleteConfigMap)},
		{sentence: "the configuration without its keys", do: breakConfiguration(overwriteConfigMap(nil))},
		{sentence: "the configuration cut off in its middle", do: breakConfiguration(cutConfigMap)},
		{sentence: "the configuration overwritten with garbage", do: breakConfiguration(overwriteConfigMap(map[string]string{"config": "\x00{[", "values": ": :"}))},
		{sentence: "its template fails for every pod", do: breakConfiguration(overwriteConfigMap(map[string]string{"config": "templates: {envoy: '{{ .Values.no.such }}'}"}))},
		{sentence: "the watch compacted while cut off, the API server restarted", do: compactWatch, costs: byAPIServer, most: 1000},
		{sentence: "a clock an hour fast, the leaf renewed", do: fastClock},
		{sentence: "a clock an hour slow at the start of a replica", do: slowClock},
		{sentence: "DNS gone, and the connection to the API server lost", do: loseNames, root: true},
		{sentence: "the log on a full disk", do: fillDisk},
	}
}

// TestFaults: whatever fails, no pod starts without its sidecar, and none is refused while one replica is up and can be
// reached, but for those that the row may cost.
func TestFaults(t *testing.T) {
	r := newFleet(t)
	// What breaks the configuration would be refused.
	if err := shared.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(t.Context(), rotationRelease, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	defer r.printFaults()
	for _, row := range faultRows() {
		t.Run(row.sentence, func(t *testing.T) { r.runFault(t, row) })
	}
}

// printFaults prints what came of the pods in each row.
func (r *fleet) printFaults() {
	const line = "  %-60s %8s %8s %8s %12s\n"
	fmt.Println("Pods in each row:")
	fmt.Printf(line, "", "seconds", "created", "refused", "un-injected")
	for _, result := range r.results {
		fmt.Printf(line, result.sentence, fmt.Sprintf("%.0f", result.took.Seconds()), count(result.Created), count(result.Refused+result.Unanswered), count(result.Uninjected))
	}
}

// runFault has one row happen and checks what came of the pods meanwhile.
func (r *fleet) runFault(t *testing.T, row faultRow) {
	if row.root && !isRoot() {
		t.Skipf("SKIPPED: %q needs root on Linux", row.sentence)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*rowTimeout)
	defer cancel()
	r.note = ""
	r.faulty = time.Time{}
	begin, before := time.Now(), r.load().Counts()
	if err := row.do(ctx, r); err != nil {
		t.Error(err)
	}
	time.Sleep(settleTime)
	result := rotationResult{sentence: row.sentence, note: r.note, took: time.Since(begin), Counts: r.load().Counts().Sub(before)}
	r.results = append(r.results, result)
	if result.Created == 0 {
		t.Error("no pods were created: the row shows nothing")
	}
	var lost, cost []cluster.Failure
	for _, failure := range r.load().Failures(begin) {
		if !failure.Uninjected && row.costs != nil && row.costs(r, failure) {
			cost = append(cost, failure)
		} else {
			lost = append(lost, failure)
		}
	}
	if len(lost) != 0 {
		t.Errorf("%d pods were refused, not answered or not injected, want none:%s", len(lost), summary(lost))
	}
	if len(cost) > row.most {
		t.Errorf("the fault cost %d pods, want %d at most:%s", len(cost), row.most, summary(cost))
	}
	for _, replica := range r.replicas {
		if !r.balancer.Ready(replica.name) {
			t.Errorf("%s is not ready after the row", replica.name)
		}
	}
}

// noticing is how long a fault may go unnoticed by the balancer: until readiness has failed for as long as a Service needs.
const noticing = 4 * time.Second

// whileNoticed excuses what went to a replica that was gone before that was noticed.
func whileNoticed(r *fleet, failure cluster.Failure) bool {
	return !r.faulty.IsZero() && failure.End.After(r.faulty) && failure.Begin.Before(r.faulty.Add(noticing)) && ofConnection(failure)
}

// whileFrozen excuses what waited for a frozen replica as long as a webhook may take. The API server keeps its connections:
// each that it has to that replica costs one more.
func whileFrozen(r *fleet, failure cluster.Failure) bool {
	const timeout = 5 * time.Second // the chart's
	return !r.faulty.IsZero() && failure.End.After(r.faulty) && failure.Begin.Before(r.faulty.Add(noticing+timeout)) &&
		(ofConnection(failure) || strings.Contains(failure.Err.Error(), "deadline exceeded"))
}

// ofConnection: the API server could not reach the webhook, or lost the connection.
func ofConnection(failure cluster.Failure) bool {
	text := failure.Err.Error()
	for _, part := range []string{"connection refused", "connection reset", "EOF", "broken pipe", "connection lost", "use of closed", "server sent GOAWAY"} {
		if strings.Contains(text, "failed calling webhook") && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func isRoot() bool { return runtime.GOOS == "linux" && os.Getuid() == 0 }

// waitUntilReady waits until the balancer sends a replica connections, or sends it none.
func (r *fleet) waitUntilReady(ctx context.Context, replica *fleetReplica, want bool) error {
	return cluster.Eventually(ctx, waitTimeout, func(context.Context) error {
		if r.balancer.Ready(replica.name) != want {
			return fmt.Errorf("the balancer sends connections to %s: %v, want %v", replica.name, !want, want)
		}
		return nil
	})
}
