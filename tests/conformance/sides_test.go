package conformance

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// The generated pods: always the same.
const (
	sidesSeed         = 3
	podsConfiguration = 120
	// mostKinds is how many kinds of differences are printed for a configuration.
	mostKinds = 6
)

var onlyPod = flag.Int("pod", -1, "the number of the one generated pod to compare; prints all of it")

// TestSides sends generated pods to Istio's real webhook and to ours and compares what they make of them.
func TestSides(t *testing.T) {
	table := newTable("sides", "configuration", "pods", "injected by both", "skipped by both", "denied by both", "different on purpose", "different")
	known := sideDifferences()
	seen := map[string]int{}
	all, equal, number := 0, 0, 0
	g := newGenerator(sidesSeed)
	for _, from := range sideConfigurations() {
		c, err := from.configuration()
		if err != nil {
			t.Fatalf("%s: %v", from.name, err)
		}
		tally := compareSides(t, c, g, &number, known)
		for name, count := range tally.known {
			seen[name] += count
		}
		pods := tally.injected + tally.skipped + tally.denied + tally.onPurpose + tally.different
		all += pods
		equal += pods - tally.different
		table.row(tally.problem, from.name, fmt.Sprint(pods), fmt.Sprint(tally.injected), fmt.Sprint(tally.skipped),
			fmt.Sprint(tally.denied), fmt.Sprint(tally.onPurpose), fmt.Sprint(tally.different))
	}
	for _, difference := range known {
		table.note("%s (%d pods): %s", difference.name, seen[difference.name], difference.why)
		if seen[difference.name] == 0 && *onlyPod < 0 {
			t.Errorf("the difference %q is listed and no pod shows it: take it off the list", difference.name)
		}
	}
	table.good, table.all = equal, all
	table.finish(t)
}

// sidesTally counts what became of the pods of one configuration.
type sidesTally struct {
	injected, skipped, denied, onPurpose, different int
	known                                           map[string]int
	problem                                         string
}

func compareSides(t *testing.T, c configuration, g generator, number *int, known []sideDifference) sidesTally {
	tally := sidesTally{known: map[string]int{}}
	istios, err := newIstios(c, stopOf(t))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := newOurs(c)
	if err != nil {
		tally.problem, tally.different = "    "+err.Error(), podsConfiguration
		*number += podsConfiguration
		for range podsConfiguration {
			g.pod()
		}
		return tally
	}
	kinds := map[string]bool{}
	for range podsConfiguration {
		pod, namespace := g.pod()
		this := *number
		*number++
		if *onlyPod >= 0 && this != *onlyPod {
			continue
		}
		problem := tally.compare(istios, ours, pod, namespace, known)
		if problem == "" {
			continue
		}
		tally.different++
		// Many pods show the same difference: its first lines tell one from another, and a few are enough to read.
		if kind := firstLines(problem, 3); !kinds[kind] && len(kinds) < mostKinds {
			kinds[kind] = true
			tally.problem += fmt.Sprintf("    pod %d (go test -run TestSides -pod %d): %s\n", this, this, problem)
		}
	}
	return tally
}

// compare sends one pod to both webhooks and counts it; it returns what is wrong, "" if nothing is.
func (s *sidesTally) compare(istios, ours *injector, pod map[string]any, namespace string, known []sideDifference) string {
	sent, err := newSubmission(pod, namespace)
	if err != nil {
		return err.Error()
	}
	theirs, err := istios.admit(sent)
	if err != nil {
		return err.Error()
	}
	own, err := ours.admit(sent)
	if err != nil {
		return err.Error()
	}
	if *onlyPod >= 0 {
		fmt.Printf("pod: %s\nIstio's: %s\n%s\nours: %s\n%s\n", sent.pod, theirs, theirs.pod, own, own.pod)
	}
	problem := outcomesDiffer(theirs, own)
	if problem != "" {
		compared := comparedPod{pod, theirs, own, func(other map[string]any) []byte {
			sent, err := newSubmission(other, namespace)
			if err != nil {
				return nil
			}
			answer, err := istios.admit(sent)
			if err != nil || !answer.patched {
				return nil
			}
			return answer.pod
		}}
		for _, difference := range known {
			if difference.applies(compared) {
				s.onPurpose++
				s.known[difference.name]++
				return ""
			}
		}
		return problem
	}
	switch {
	case own.denied:
		s.denied++
	case own.patched:
		s.injected++
	default:
		s.skipped++
	}
	return ""
}

// outcomesDiffer says how two outcomes differ, "" if they do not.
func outcomesDiffer(theirs, ours outcome) string {
	if theirs.denied != ours.denied || theirs.patched != ours.patched {
		return fmt.Sprintf("\n      Istio's: %s\n      ours: %s %s", theirs, ours, ours.reason)
	}
	if !ours.patched {
		return ""
	}
	diff, err := difference(theirs.pod, ours.pod)
	if err != nil {
		return err.Error()
	}
	if diff == "" {
		return ""
	}
	return "(-Istio's +ours)\n" + changedLines(diff, 8)
}

// firstLines returns so many lines of a text.
func firstLines(text string, most int) string {
	lines := strings.SplitN(text, "\n", most+1)
	return strings.Join(lines[:min(most, len(lines))], "\n")
}
