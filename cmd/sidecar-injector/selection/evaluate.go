package selection

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	celplugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// The kinds of checks, by the name of the field that says what is wanted.
const (
	CheckRules             = "rules"
	CheckNamespaceSelector = "namespaceSelector"
	CheckObjectSelector    = "objectSelector"
	CheckMatchCondition    = "matchConditions"
)

// Check is one thing that the API server looks at before it calls an entry.
type Check struct {
	// Field is one of the constants above, Name that of a match condition.
	Field string `json:"field"`
	Name  string `json:"name,omitempty"`
	// Wanted is what the entry asks for: the selector, the term of it that is not met, or the expression.
	Wanted string `json:"wanted,omitempty"`
	// Saw is what there is instead, or of what is wanted; of an expression, that it depends on something unknown here.
	Saw string `json:"saw,omitempty"`
	// Holds says that the check lets the pod through, Error why that cannot be said.
	Holds bool   `json:"holds"`
	Error string `json:"error,omitempty"`
}

// Call is what the API server does with one entry when a pod is created.
type Call struct {
	// Webhook is the entry's name. Scope and Parameters are those of its path; a path that is not ours has none.
	Webhook    string            `json:"webhook"`
	Scope      webhook.Scope     `json:"scope,omitempty"`
	Parameters map[string]string `json:"-"`
	// Called says that all checks hold.
	Called bool `json:"called"`
	// Refused says that the API server would refuse the pod without calling: a condition fails to evaluate, none is
	// false, and the failure policy is Fail.
	Refused bool `json:"refused,omitempty"`
	// Checks are all checks in the API server's order, the later ones too when one does not hold.
	Checks []Check `json:"checks"`
}

// Failed returns the first check that does not let the pod through.
func (c *Call) Failed() (Check, bool) {
	for _, check := range c.Checks {
		if !check.Holds {
			return check, true
		}
	}
	return Check{}, false
}

// Why says in words why the entry is not called; nothing if it is.
func (c *Call) Why() string {
	check, failed := c.Failed()
	switch {
	case !failed && c.Webhook == "":
		return "no injector is installed in the cluster"
	case !failed:
		return ""
	case check.Error != "":
		return fmt.Sprintf("its match condition %q fails: %s", check.Name, check.Error)
	case check.Field == CheckNamespaceSelector && strings.HasPrefix(check.Saw, corev1.LabelMetadataName+"="):
		return "the namespace is " + strings.TrimPrefix(check.Saw, corev1.LabelMetadataName+"=")
	case check.Field == CheckNamespaceSelector:
		return "the namespace has " + check.saw()
	case check.Field == CheckObjectSelector:
		return "the pod has " + check.saw()
	case check.Field == CheckMatchCondition:
		return fmt.Sprintf("its match condition %q is false", check.Name)
	}
	return "its rules are for " + check.Wanted + ", not for the creation of pods"
}

func (c *Check) saw() string {
	if strings.HasPrefix(c.Saw, noLabel) {
		return c.Saw
	}
	return "the label " + c.Saw
}

// Closest returns of the calls the one that is called, or else the one that comes closest to it: whose checks hold
// longest, and of two whose namespace says no by a label rather than by the lack of one. Of entries that are not ours
// none counts; with no entry left it is the zero Call.
func Closest(calls []Call) Call {
	best, reached := Call{}, -1
	for _, call := range calls {
		if call.Scope == "" {
			continue
		}
		at := 2 * len(call.Checks)
		if !call.Called {
			at = 2 * slices.IndexFunc(call.Checks, func(c Check) bool { return !c.Holds })
			if check, _ := call.Failed(); !strings.HasPrefix(check.Saw, noLabel) {
				at++
			}
		}
		if at > reached {
			best, reached = call, at
		}
	}
	return best
}

// takesUnnamed says that there are entries for pods that name no injector.
func (w *Webhooks) takesUnnamed() bool {
	return slices.ContainsFunc(w.entries, func(e entry) bool { return e.scope != "" && e.revisionKey == "" })
}

// For returns, in the configuration's order, what the API server does with each entry when the pod is created in the
// namespace; entries for pods that name an injector are left out where neither the pod nor its namespace names any. Neither is changed. The pod is as the API server has it before webhooks: with defaults. The label
// kubernetes.io/metadata.name, which every namespace of a cluster has, is taken for given. Who creates the pod is not
// known: conditions see a user named "unknown", who may do nothing, and their checks say so.
func (w *Webhooks) For(ctx context.Context, namespace *metav1.ObjectMeta, pod map[string]any) ([]Call, error) {
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &typed); err != nil {
		return nil, fmt.Errorf("decode the pod: %w", err)
	}
	typed.APIVersion, typed.Kind = "v1", "Pod"
	gvk := corev1.SchemeGroupVersion.WithKind("Pod")
	attributes := admission.NewAttributesRecord(&typed, nil, gvk, namespace.Name, typed.Name,
		corev1.SchemeGroupVersion.WithResource("pods"), "", admission.Create, &metav1.CreateOptions{}, false, somebody)
	versioned := &admission.VersionedAttributes{Attributes: attributes, VersionedKind: gvk}
	versioned.VersionedObject.Set(&typed)
	namespaceLabels := labels.Merge(namespace.Labels, labels.Set{corev1.LabelMetadataName: namespace.Name})
	calls := make([]Call, 0, len(w.entries))
	for i := range w.entries {
		key := w.entries[i].revisionKey
		if _, named := typed.Labels[key]; key != "" && !named && !namespaceLabels.Has(key) && w.takesUnnamed() {
			continue
		}
		call, err := w.entries[i].call(ctx, versioned, namespaceLabels, typed.Labels)
		if err != nil {
			return nil, fmt.Errorf("webhook %q: %w", w.entries[i].name, err)
		}
		calls = append(calls, call)
	}
	return calls, nil
}

func (e *entry) call(ctx context.Context, attributes *admission.VersionedAttributes, namespaceLabels, podLabels labels.Set) (Call, error) {
	call := Call{Webhook: e.name, Scope: e.scope, Parameters: e.parameters, Called: true}
	call.Checks = append(call.Checks, e.checkRules(attributes),
		checkSelector(CheckNamespaceSelector, e.namespaceSelector, namespaceLabels),
		checkSelector(CheckObjectSelector, e.objectSelector, podLabels))
	_, failed := call.Failed()
	conditions, err := e.checkConditions(ctx, attributes)
	if err != nil {
		return Call{}, err
	}
	untrue, broken := false, false
	for _, check := range conditions {
		broken = broken || check.Error != ""
		untrue = untrue || !check.Holds && check.Error == ""
	}
	call.Called = !failed && !untrue && !broken
	call.Refused = !failed && !untrue && broken && !e.ignoresFailure
	call.Checks = append(call.Checks, conditions...)
	return call, nil
}

func (e *entry) checkRules(attributes admission.Attributes) Check {
	check := Check{Field: CheckRules, Wanted: "the creation of pods", Saw: "the creation of a pod"}
	for _, rule := range e.rules {
		matcher := rules.Matcher{Rule: rule, Attr: attributes}
		check.Holds = check.Holds || matcher.Matches()
	}
	if !check.Holds {
		check.Wanted = rulesText(e.rules)
	}
	return check
}

func rulesText(all []admissionregistrationv1.RuleWithOperations) string {
	text := "nothing"
	for i, rule := range all {
		if i == 0 {
			text = ""
		} else {
			text += " or "
		}
		var operations []string
		for _, operation := range rule.Operations {
			operations = append(operations, string(operation))
		}
		text += strings.Join(operations, "/") + " of " + strings.Join(rule.Resources, "/")
	}
	return text
}

func checkSelector(field string, selector labels.Selector, set labels.Set) Check {
	check := Check{Field: field, Wanted: selector.String(), Holds: selector.Matches(set)}
	if check.Holds {
		check.Saw = sawTerms(selector, set)
	} else {
		check.Wanted, check.Saw = unmet(selector, set)
	}
	return check
}

func (e *entry) checkConditions(ctx context.Context, attributes *admission.VersionedAttributes) ([]Check, error) {
	request := celplugin.CreateAdmissionRequest(attributes.Attributes, metav1.GroupVersionResource(attributes.GetResource()), metav1.GroupVersionKind(attributes.VersionedKind))
	results, _, err := e.evaluator.ForInput(ctx, attributes, request, celplugin.OptionalVariableBindings{Authorizer: unknown{}}, nil, celconfig.RuntimeCELCostBudgetMatchConditions)
	if err != nil {
		return nil, fmt.Errorf("evaluate the match conditions: %w", err)
	}
	checks := make([]Check, len(results))
	for i, result := range results {
		checks[i] = Check{Field: CheckMatchCondition, Name: e.conditions[i].Name, Wanted: e.conditions[i].Expression, Holds: result.EvalResult == celtypes.True}
		if result.Error != nil {
			checks[i].Error, checks[i].Holds = result.Error.Error(), false
		}
		if e.askForUser[i] {
			checks[i].Saw = "it depends on who creates the pod, which is not known here"
		}
	}
	return checks, nil
}

// somebody stands for who creates a pod. It has a name and a UID, as an expression that reads a field that is not there
// fails. Nothing writes to it.
var somebody = &user.DefaultInfo{Name: "unknown", UID: "unknown", Groups: []string{user.AllAuthenticated}}

// asksForUser finds conditions whose outcome depends on who creates the pod.
var asksForUser = regexp.MustCompile(`\brequest\s*\.\s*userInfo\b|\bauthorizer\b`)

// unknown answers conditions that ask what the user may do: nothing, as far as is known here.
type unknown struct{}

func (unknown) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionNoOpinion, "", errors.New("what the user may do is known to the API server alone")
}
