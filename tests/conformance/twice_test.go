package conformance

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTwice injects every golden's pods and then the results, and so with generated pods: the second time, ours must
// change nothing. How often Istio's webhook changes its own result stands beside it.
func TestTwice(t *testing.T) {
	cases, err := injectionCases()
	if err != nil {
		t.Fatal(err)
	}
	table := newTable("twice", "case", "ours", "Istio's webhook")
	changedByIstio, pods := 0, 0
	for _, c := range cases {
		in, _, err := goldenPods(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, skipped := deliberately[c.in]; c.wantError != "" || skipped || len(in) == 0 {
			continue
		}
		configuration, err := configurationOf(c)
		if err != nil {
			t.Fatal(err)
		}
		istios, err := newIstios(configuration, stopOf(t))
		if err != nil {
			t.Fatal(err)
		}
		theirs := injectTwice(istios, in)
		pods += len(in)
		changedByIstio += theirs.changed
		ours, err := newOurs(configuration)
		if err != nil {
			table.row("    "+err.Error(), c.name(), "", theirs.String())
			continue
		}
		own := injectTwice(ours, in)
		table.row(own.problem, c.name(), own.String(), theirs.String())
	}
	table.note("of the %d pods of the goldens, Istio's webhook changes %d when they are injected again", pods, changedByIstio)
	table.generatedTwice(t)
	table.finish(t)
}

// generatedTwice does the same to the generated pods that ours injects.
func (t *table) generatedTwice(test *testing.T) {
	g := newGenerator(sidesSeed)
	for _, from := range sideConfigurations() {
		name := "generated, " + from.name
		c, err := from.configuration()
		if err != nil {
			test.Fatal(err)
		}
		istios, err := newIstios(c, stopOf(test))
		if err != nil {
			test.Fatal(err)
		}
		ours, err := newOurs(c)
		if err != nil {
			t.row("    "+err.Error(), name)
			continue
		}
		var pods []submission
		for range podsConfiguration {
			pod, namespace := g.pod()
			sent, err := newSubmission(pod, namespace)
			if err != nil {
				test.Fatal(err)
			}
			if got, err := ours.admit(sent); err == nil && got.patched {
				pods = append(pods, sent)
			}
		}
		own, theirs := injectTwice(ours, pods), injectTwice(istios, pods)
		t.row(own.problem, fmt.Sprintf("%s, %d pods", name, len(pods)), own.String(), theirs.String())
	}
}

// twiceResult is what became of the pods of a case when they were injected a second time.
type twiceResult struct {
	changed int
	problem string
}

func (r twiceResult) String() string {
	switch {
	case r.changed > 0:
		return fmt.Sprintf("changes %d", r.changed)
	case r.problem != "":
		return "fails"
	default:
		return "same"
	}
}

func injectTwice(webhook *injector, pods []submission) twiceResult {
	var result twiceResult
	var problems []string
	for i, pod := range pods {
		first, err := webhook.admit(pod)
		if err == nil && first.denied {
			err = fmt.Errorf("the first time: %s", first)
		}
		var second outcome
		if err == nil {
			second, err = webhook.admit(submission{namespace: pod.namespace, pod: first.pod})
		}
		if err == nil && second.denied {
			err = fmt.Errorf("the second time: %s", second)
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("    pod %d: %s", i, err))
			continue
		}
		if second.operations == 0 {
			continue
		}
		result.changed++
		diff := cmp.Diff(readable(first.pod), readable(second.pod))
		problems = append(problems, fmt.Sprintf("    pod %d: %d operations (-first +second):\n%s", i, second.operations, changedLines(diff, 12)))
	}
	result.problem = strings.Join(problems, "\n")
	return result
}

// readable returns the scalars of a pod by their paths, so that each line of a difference names its field: with its status
// annotations decoded, and the hashes in ours one by one.
func readable(pod []byte) map[string]string {
	fields := map[string]string{}
	object, err := tree(json.RawMessage(pod))
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	addFields(fields, "", object)
	return fields
}

func addFields(fields map[string]string, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			addFields(fields, path+"/"+name, inner)
		}
		if len(value) > 0 {
			return
		}
	case []any:
		for i, inner := range value {
			addFields(fields, fmt.Sprintf("%s/%d", path, i), inner)
		}
		if len(value) > 0 {
			return
		}
	case string:
		const annotations = "/metadata/annotations/"
		var status map[string]any
		isStatus := path == annotations+ourMarker || path == annotations+istiosStatus
		if isStatus && json.Unmarshal([]byte(value), &status) == nil {
			addFields(fields, path, status)
			return
		}
		inStatus := strings.HasPrefix(path, annotations+ourMarker+"/pod") || strings.HasPrefix(path, annotations+ourMarker+"/containers/")
		if raw, err := base64.StdEncoding.DecodeString(value); inStatus && err == nil {
			for hash := range slices.Chunk(raw, 4) {
				fields[path+"/"+hex.EncodeToString(hash)] = "owned"
			}
			return
		}
	}
	fields[path] = fmt.Sprintf("%T %v", value, value)
}
