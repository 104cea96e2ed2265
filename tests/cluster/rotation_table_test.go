package cluster_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// rotationResult is one line of the printed table.
type rotationResult struct {
	sentence string
	took     time.Duration
	cluster.Counts
	// Handshakes of the API server that ended well: under what was served at the
	// begin, under other leaves, and those that fell into a change.
	old, adopted, untold int
	// slowest is the longest time from an action until every replica served.
	slowest time.Duration
	// lead is the shortest time that a leaf was trusted before it was served.
	lead time.Duration
	note string
}

// print prints the table.
func (r *fleet) print() {
	const line = "  %-68s %7s %7s %11s %8s %8s %8s %8s %8s  %s\n"
	fmt.Println("Pods, and the API server's handshakes under the old and the new leaf, in each row; how long the adoption took, how long the leaf was trusted before:")
	fmt.Printf(line, "", "created", "refused", "un-injected", "old leaf", "new leaf", "between", "adopted", "trusted", "")
	var sum rotationResult
	for _, result := range r.results {
		fmt.Printf(line, result.sentence, count(result.Created), count(result.Refused+result.Unanswered), count(result.Uninjected),
			count(result.old), count(result.adopted), count(result.untold), seconds(result.slowest), seconds(result.lead), result.note)
		sum.took += result.took
		sum.Created += result.Created
	}
	var longest time.Duration
	connections := r.balancer.Connections()
	for _, c := range connections {
		if !c.Closed.IsZero() {
			longest = max(longest, c.Closed.Sub(c.Opened))
		}
	}
	fmt.Printf("  %d pods in %.0f s; %d connections, the longest for %s\n", sum.Created, sum.took.Seconds(), len(connections), seconds(longest))
}

func count(n int) string { return fmt.Sprint(n) }

func seconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// summary lists the different errors, the most frequent first, with how often and
// for how long each was there.
func summary(failures []cluster.Failure) string {
	type kind struct {
		text        string
		first, last time.Time
		count       int
	}
	kinds := map[string]*kind{}
	for _, failure := range failures {
		text := failure.Err.Error()
		if kinds[text] == nil {
			kinds[text] = &kind{text: text, first: failure.End}
		}
		kinds[text].count++
		kinds[text].last = failure.End
	}
	sorted := slices.SortedFunc(maps.Values(kinds), func(a, b *kind) int { return b.count - a.count })
	var lines strings.Builder
	for _, k := range sorted[:min(5, len(sorted))] {
		fmt.Fprintf(&lines, "\n%d times from %s to %s: %s", k.count, k.first.Format("15:04:05.000"), k.last.Format("15:04:05.000"), k.text)
	}
	return lines.String()
}
