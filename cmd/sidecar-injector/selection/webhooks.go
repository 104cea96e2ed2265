package selection

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	celplugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Webhooks are the entries of a webhook configuration, parsed and compiled. They are immutable and safe for concurrent
// use; create them with New or Default.
type Webhooks struct {
	entries []entry
}

// None says that there is no entry.
func (w *Webhooks) None() bool { return len(w.entries) == 0 }

type entry struct {
	name              string
	scope             webhook.Scope
	parameters        map[string]string
	ignoresFailure    bool
	rules             []admissionregistrationv1.RuleWithOperations
	namespaceSelector labels.Selector
	objectSelector    labels.Selector
	conditions        []admissionregistrationv1.MatchCondition
	// askForUser says of each condition whether its outcome depends on who creates the pod.
	askForUser []bool
	evaluator  celplugin.ConditionEvaluator
	// revisionKey is the label by which the entry tells pods that name this injector, one of several; empty for other entries.
	revisionKey string
}

// revisionKeyOf returns the label of an entry for pods that name an injector: one that the entry's selector and one of its
// conditions look at.
func revisionKeyOf(e *entry) string {
	if e.scope != webhook.ScopeRevision {
		return ""
	}
	requirements, _ := e.namespaceSelector.Requirements()
	for _, requirement := range requirements {
		asks := func(c admissionregistrationv1.MatchCondition) bool {
			return strings.Contains(c.Expression, "'"+requirement.Key()+"' in object.metadata.labels")
		}
		if slices.ContainsFunc(e.conditions, asks) {
			return requirement.Key()
		}
	}
	return ""
}

// New reads a configuration, which is not changed. The error names the entry and the field. A match condition that does
// not compile is no error: the API server refuses to store such, and For reports it.
func New(configuration *admissionregistrationv1.MutatingWebhookConfiguration) (*Webhooks, error) {
	compiler := celplugin.NewConditionCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	w := &Webhooks{}
	for i := range configuration.Webhooks {
		from := &configuration.Webhooks[i]
		e := entry{name: from.Name, rules: from.Rules, conditions: from.MatchConditions}
		e.ignoresFailure = from.FailurePolicy != nil && *from.FailurePolicy == admissionregistrationv1.Ignore
		if scope, parameters, ok := webhook.ScopeOfPath(PathOf(&from.ClientConfig)); ok {
			e.scope, e.parameters = scope, parameters
		}
		var err error
		if e.namespaceSelector, err = selectorOf(from.NamespaceSelector); err != nil {
			return nil, fmt.Errorf("webhook %q: namespaceSelector: %w", from.Name, err)
		}
		if e.objectSelector, err = selectorOf(from.ObjectSelector); err != nil {
			return nil, fmt.Errorf("webhook %q: objectSelector: %w", from.Name, err)
		}
		expressions := make([]celplugin.ExpressionAccessor, len(e.conditions))
		for n := range e.conditions {
			condition := matchconditions.MatchCondition(e.conditions[n])
			expressions[n] = &condition
			e.askForUser = append(e.askForUser, asksForUser.MatchString(condition.Expression))
		}
		e.revisionKey = revisionKeyOf(&e)
		e.evaluator = compiler.CompileCondition(expressions, celplugin.OptionalVariableDeclarations{HasAuthorizer: true}, environment.StoredExpressions)
		w.entries = append(w.entries, e)
	}
	return w, nil
}

// PathOf returns the URL path that a webhook is called at, of its service or its URL; empty for the root.
func PathOf(client *admissionregistrationv1.WebhookClientConfig) string {
	switch {
	case client.Service != nil && client.Service.Path != nil:
		return *client.Service.Path
	case client.URL != nil:
		if parsed, err := url.Parse(*client.URL); err == nil {
			return parsed.Path
		}
	}
	return ""
}

// selectorOf reads a selector; none selects everything, as the API server has it.
func selectorOf(selector *metav1.LabelSelector) (labels.Selector, error) {
	if selector == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(selector)
}

// noLabel begins what is seen where a label is lacking.
const noLabel = "no label "

// unmet returns the first term of a selector that a set does not meet, and what the set has there.
func unmet(selector labels.Selector, set labels.Set) (term, saw string) {
	requirements, _ := selector.Requirements()
	for _, requirement := range requirements {
		if requirement.Matches(set) {
			continue
		}
		if value, there := set[requirement.Key()]; there {
			return requirement.String(), requirement.Key() + "=" + value
		}
		return requirement.String(), noLabel + requirement.Key()
	}
	return selector.String(), cmp.Or(set.String(), "no labels")
}

// sawTerms returns what a set has under the keys of a selector that it meets.
func sawTerms(selector labels.Selector, set labels.Set) string {
	requirements, _ := selector.Requirements()
	var saw []string
	for _, requirement := range requirements {
		if value, there := set[requirement.Key()]; there {
			saw = append(saw, requirement.Key()+"="+value)
		} else {
			saw = append(saw, noLabel+requirement.Key())
		}
	}
	return strings.Join(saw, ", ")
}
