package selection

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Differences compares the entries of a webhook configuration with those that the chart makes for the injector's
// configuration, and returns one line for each difference that lets other pods reach the webhook than the configuration
// means: an entry that is not there, a condition, or a selector's term on the labels by which namespaces ask. Conditions and
// terms that are there besides are an operator's own and no difference. Neither argument is changed; a configuration without
// any entry of ours differs in all of them.
func Differences(configuration *admissionregistrationv1.MutatingWebhookConfiguration, config *webhook.Config) ([]string, error) {
	want, err := DefaultConfiguration(config)
	if err != nil {
		return nil, err
	}
	keys := config.Policy().Keys
	var differences []string
	for i := range want.Webhooks {
		wanted := &want.Webhooks[i]
		at := slices.IndexFunc(configuration.Webhooks, func(w admissionregistrationv1.MutatingWebhook) bool { return w.Name == wanted.Name })
		if at < 0 {
			differences = append(differences, fmt.Sprintf("there is no entry %q", wanted.Name))
			continue
		}
		found := &configuration.Webhooks[at]
		for _, condition := range wanted.MatchConditions {
			if text := conditionDiffers(found.MatchConditions, condition); text != "" {
				differences = append(differences, fmt.Sprintf("entry %q: %s", wanted.Name, text))
			}
		}
		for _, term := range wanted.NamespaceSelector.MatchExpressions {
			if (term.Key == keys.NamespaceLabel || term.Key == keys.Revision) && !hasTerm(found.NamespaceSelector, &term) {
				differences = append(differences, fmt.Sprintf("entry %q: namespaceSelector lacks %s", wanted.Name, metav1.FormatLabelSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{term}})))
			}
		}
	}
	return differences, nil
}

// conditionDiffers says how a wanted condition is not among those that are there; empty if it is.
func conditionDiffers(have []admissionregistrationv1.MatchCondition, want admissionregistrationv1.MatchCondition) string {
	at := slices.IndexFunc(have, func(c admissionregistrationv1.MatchCondition) bool { return c.Name == want.Name })
	switch {
	case at < 0:
		return fmt.Sprintf("there is no matchCondition %q, want %s", want.Name, want.Expression)
	case strings.TrimSpace(have[at].Expression) != want.Expression:
		return fmt.Sprintf("matchCondition %q is %s, want %s", want.Name, strings.TrimSpace(have[at].Expression), want.Expression)
	}
	return ""
}

// hasTerm says whether a selector has a term, as an expression or, for one value, as a label.
func hasTerm(selector *metav1.LabelSelector, want *metav1.LabelSelectorRequirement) bool {
	if selector == nil {
		return false
	}
	if value, ok := selector.MatchLabels[want.Key]; ok && want.Operator == metav1.LabelSelectorOpIn && slices.Equal(want.Values, []string{value}) {
		return true
	}
	return slices.ContainsFunc(selector.MatchExpressions, func(have metav1.LabelSelectorRequirement) bool {
		return have.Key == want.Key && have.Operator == want.Operator &&
			slices.Equal(slices.Sorted(slices.Values(have.Values)), slices.Sorted(slices.Values(want.Values)))
	})
}
