package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// rotationRow is one thing that happens to the certificates, the replicas or the
// configuration while pods are created.
type rotationRow struct {
	sentence string
	do       func(context.Context, *fleet) error
	// adopts is how many leaves are adopted, one after the other.
	adopts int
	// excused says of a pod that was not created that the row could not spare
	// it. Nil: none is excused. It is asked after do.
	excused func(*fleet, cluster.Failure) bool
}

// certificateRows are the rows in which certificates change. They happen in this
// order, as all rows: each finds what the one before left.
func certificateRows() []rotationRow {
	return []rotationRow{
		{sentence: "leaf renewed 5 times", do: times(5, renewLeaf), adopts: 5},
		{sentence: "CA renewed twice with a new key, then the leaf", do: renewCAsThenLeaf, adopts: 1},
		{sentence: "issuer replaced by one under another CA, and back", do: replaceIssuer, adopts: 2},
		{sentence: "Secret deleted", do: deleteSecret, adopts: 1},
		{sentence: "Secret overwritten with garbage", do: overwriteSecret(garbage), adopts: 1},
		{sentence: "Secret overwritten with an expired pair", do: overwriteSecret(expiredPair), adopts: 1},
		{sentence: "Secret overwritten with a mismatched key", do: overwriteSecret(mismatchedKey), adopts: 1},
		{sentence: "Secret overwritten with a pair for another name", do: overwriteSecret(otherName), adopts: 1},
		{sentence: "Certificate deleted and created anew, then renewed", do: recreateCertificate, adopts: 1},
		{sentence: "cert-manager stopped before a renewal, then within one", do: stopCertManager, adopts: 2},
	}
}

// rotationRows are all rows; foreign is a CA that signed nothing.
func rotationRows(foreign []byte) []rotationRow {
	rows := certificateRows()
	rows = append(rows,
		rotationRow{sentence: "one replica restarted, then the other", do: restartReplicas},
		rotationRow{sentence: "API server restarted", do: restartAPIServer, excused: byAPIServer},
		rotationRow{sentence: "chart upgraded: entry added, renamed, removed", do: changeEntries},
		rotationRow{sentence: "kubectl replace of the configuration", do: replaceConfiguration},
		rotationRow{sentence: "caBundle emptied by hand", do: overwriteBundle(nil), excused: untilRepaired},
		rotationRow{sentence: "caBundle replaced by a foreign CA by hand", do: overwriteBundle(foreign), excused: untilRepaired},
		rotationRow{sentence: "cainjector made the owner of the bundle", do: handOver},
	)
	for _, row := range certificateRows() {
		row.sentence = "cainjector: " + row.sentence
		rows = append(rows, row)
	}
	return append(rows,
		rotationRow{sentence: "cainjector's merging switched off, then leaf renewed", do: stopMerging, adopts: 1},
		rotationRow{sentence: "not merging: CA renewed twice with a new key, then the leaf", do: renewCAsThenLeaf, adopts: 1},
		rotationRow{sentence: "not merging: issuer replaced, and back", do: replaceIssuer, adopts: 2},
		rotationRow{sentence: "cainjector's merging switched on again, then leaf renewed", do: startMerging, adopts: 1},
	)
}

// TestRotation: whatever happens to the certificates, no pod is refused and none
// starts without its sidecar. Two replicas stand behind one address, and several
// clients create pods all the time. A row that adopts a leaf also fails if a
// replica had no handshake of the API server's under that leaf, or served it
// before every caBundle had verified it for the slack.
func TestRotation(t *testing.T) {
	r := newFleet(t)
	begin, before := time.Now(), r.load().Counts()
	defer r.print()
	for _, row := range rotationRows(otherCA(t)) {
		t.Run(row.sentence, func(t *testing.T) { r.run(t, row) })
	}
	created := r.load().Counts().Sub(before).Created
	if rate := float64(created) / time.Since(begin).Seconds(); rate < minimalRate {
		t.Errorf("%.1f pods a second were created, want at least %d: the load shows too little", rate, minimalRate)
	}
}

// run has one row happen and checks what came of the pods meanwhile.
func (r *fleet) run(t *testing.T, row rotationRow) {
	ctx, cancel := context.WithTimeout(t.Context(), rowTimeout)
	defer cancel()
	r.adopted, r.note = nil, ""
	begin, before, served := time.Now(), r.load().Counts(), r.servedNow()
	err := row.do(ctx, r)
	if err != nil {
		t.Error(err)
	}
	time.Sleep(settleTime)

	result := rotationResult{sentence: row.sentence, note: r.note, took: time.Since(begin), Counts: r.load().Counts().Sub(before)}
	for _, took := range r.adopted {
		result.slowest = max(result.slowest, took)
	}
	result.old, result.adopted, result.untold = r.handshakes(begin, served)
	result.lead = r.checkLeaves(t, begin)
	r.results = append(r.results, result)

	if err := r.checkValidating(ctx); err != nil {
		t.Error(err)
	}
	if len(r.adopted) != row.adopts && err == nil {
		t.Errorf("%d leaves were adopted, want %d", len(r.adopted), row.adopts)
	}
	if result.Created == 0 || result.old+result.adopted == 0 {
		t.Errorf("%d pods were created, with %d handshakes: the row shows nothing", result.Created, result.old+result.adopted)
	}
	var lost []cluster.Failure
	for _, failure := range r.load().Failures(begin) {
		if failure.Uninjected || row.excused == nil || !row.excused(r, failure) {
			lost = append(lost, failure)
		}
	}
	if len(lost) != 0 {
		t.Errorf("%d pods were refused, not answered or not injected, want none:%s", len(lost), summary(lost))
	}
}

// checkLeaves checks every leaf that a replica began to serve since begin: it is
// cert-manager's, and every entry's caBundle had verified it for the slack. It
// returns the shortest time that one was verified before; 0 when none was new.
func (r *fleet) checkLeaves(t *testing.T, begin time.Time) (shortest time.Duration) {
	for _, replica := range r.replicas {
		for _, run := range replica.watch.Since(begin) {
			if r.forged[run.Serial] {
				t.Errorf("%s served the leaf %s, which cert-manager did not issue", replica.name, run.Serial)
			}
			if run.From.Before(begin) {
				continue
			}
			since, err := r.trust.TrustedSince(run.Leaf, "127.0.0.1", run.From)
			if err != nil {
				t.Errorf("%s began to serve a leaf that was not trusted: %v", replica.name, err)
				continue
			}
			lead := run.From.Sub(since)
			if lead < trustSlack-leadTolerance {
				t.Errorf("%s began to serve the leaf %s when it was trusted for %s, want %s", replica.name, run.Serial, lead, trustSlack)
			}
			if shortest == 0 || lead < shortest {
				shortest = lead
			}
		}
	}
	return shortest
}
