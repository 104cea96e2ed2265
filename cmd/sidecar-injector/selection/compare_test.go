package selection

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestDifferences: what lets other pods in than the configuration means is told, what an operator adds is not.
func TestDifferences(t *testing.T) {
	config := withTrigger(t, templates.Trigger{Inject: []string{"enabled"}, Skip: []string{"disabled"}})
	for name, c := range map[string]struct {
		change func(*admissionregistrationv1.MutatingWebhookConfiguration)
		want   []string // the beginning of each
	}{
		"the chart's": {func(*admissionregistrationv1.MutatingWebhookConfiguration) {}, nil},
		"more conditions and terms": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) {
			for i := range c.Webhooks {
				w := &c.Webhooks[i]
				w.MatchConditions = append(w.MatchConditions, admissionregistrationv1.MatchCondition{Name: "mine", Expression: "true"})
				w.NamespaceSelector.MatchExpressions = append(w.NamespaceSelector.MatchExpressions, metav1.LabelSelectorRequirement{Key: "team", Operator: metav1.LabelSelectorOpExists})
			}
		}, nil},
		"a term as a label": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) {
			selector := c.Webhooks[0].NamespaceSelector
			selector.MatchExpressions, selector.MatchLabels = selector.MatchExpressions[1:], map[string]string{meshKey: "enabled"}
		}, nil},
		"an entry that is gone": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) { c.Webhooks = c.Webhooks[1:] },
			[]string{`there is no entry "namespace.sidecar-injector.github.io"`}},
		"the words of another profile": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) {
			other, err := DefaultConfiguration(withTrigger(t, templates.Trigger{}))
			if err != nil {
				t.Fatal(err)
			}
			c.Webhooks[1] = other.Webhooks[1]
		}, []string{`entry "pod.sidecar-injector.github.io": matchCondition "asked" is `, `entry "pod.sidecar-injector.github.io": matchCondition "no-host-network-unless-asked" is `}},
		"no condition and another label": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) {
			c.Webhooks[0].MatchConditions = c.Webhooks[0].MatchConditions[1:]
			c.Webhooks[0].NamespaceSelector.MatchExpressions[0].Values = []string{"on"}
		}, []string{`entry "namespace.sidecar-injector.github.io": there is no matchCondition "not-opted-out", want `, `entry "namespace.sidecar-injector.github.io": namespaceSelector lacks ` + meshKey + ` in (enabled)`}},
		"no selector": {func(c *admissionregistrationv1.MutatingWebhookConfiguration) { c.Webhooks[2].NamespaceSelector = nil },
			[]string{`entry "every.sidecar-injector.github.io": namespaceSelector lacks !` + meshKey}},
	} {
		t.Run(name, func(t *testing.T) {
			configuration, err := DefaultConfiguration(config)
			if err != nil {
				t.Fatal(err)
			}
			c.change(configuration)
			got, err := Differences(configuration, config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmp.Comparer(func(want, got string) bool { return strings.HasPrefix(got, want) || strings.HasPrefix(want, got) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadFindsOurs(t *testing.T) {
	theirs := "kind: MutatingWebhookConfiguration\nmetadata: {name: theirs}\nwebhooks: [{name: a.example.com, clientConfig: {url: https://a/mutate}}]\n"
	ours := "kind: MutatingWebhookConfiguration\nmetadata: {name: ours}\nwebhooks: [{name: a.example.com, clientConfig: {url: https://a/inject/pod}}]\n"
	found, err := Read([]byte("kind: Service\n---\n" + theirs + "---\n" + ours))
	if err != nil || found.Name != "ours" {
		t.Errorf("it finds %v, %v", found, err)
	}
	if found, err := Read([]byte(theirs)); err == nil {
		t.Errorf("it finds %v, want none", found)
	}
}
