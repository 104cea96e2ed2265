package selection

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/manifests"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Default returns the entries that the chart installs with its defaults for the configuration: the label that opts namespaces
// in, the words of the profile's trigger, the names of the injector, and the entry for pods that say nothing are taken from
// that, as the chart does.
func Default(config *webhook.Config) (*Webhooks, error) {
	configuration, err := DefaultConfiguration(config)
	if err != nil {
		return nil, err
	}
	return New(configuration)
}

// DefaultConfiguration is the webhook configuration of Default.
func DefaultConfiguration(config *webhook.Config) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	configuration, err := Read(manifests.Install)
	if err != nil {
		return nil, fmt.Errorf("read the chart's webhook configuration: %w", err)
	}
	builtin, err := webhook.Parse(nil, nil)
	if err != nil {
		return nil, err
	}
	policy, from := config.Policy(), builtin.Policy()
	configuration.Webhooks = chosen(configuration.Webhooks, policy)
	for i := range configuration.Webhooks {
		entry := &configuration.Webhooks[i]
		relabel(&entry.NamespaceSelector.MatchExpressions, from.Keys, policy)
		entry.MatchConditions = conditionsOf(entry, policy)
	}
	return configuration, nil
}

// chosen returns the entries that there are for a policy, given those of the chart's defaults, and with the one for pods that
// say nothing made of that for pods that ask for themselves.
func chosen(all []admissionregistrationv1.MutatingWebhook, policy *webhook.Policy) []admissionregistrationv1.MutatingWebhook {
	var entries []admissionregistrationv1.MutatingWebhook
	byDefault := policy.Keys.Revision == "" || slices.Contains(policy.Revisions, webhook.DefaultRevision)
	for i := range all {
		scope, _, _ := webhook.ScopeOfPath(PathOf(&all[i].ClientConfig))
		if scope == webhook.ScopeRevision && policy.Keys.Revision != "" || scope != webhook.ScopeRevision && byDefault {
			entries = append(entries, all[i])
		}
		if scope == webhook.ScopePod && policy.EveryPod && byDefault {
			every := *all[i].DeepCopy()
			every.Name, every.ClientConfig.Service.Path = "every.sidecar-injector.github.io", new(webhook.ScopeEvery.Path())
			every.FailurePolicy = new(admissionregistrationv1.Ignore)
			entries = append(entries, every)
		}
	}
	return entries
}

// relabel puts the labels of a policy in place of the default ones.
func relabel(expressions *[]metav1.LabelSelectorRequirement, from templates.Keys, policy *webhook.Policy) {
	to := policy.Keys
	*expressions = slices.DeleteFunc(*expressions, func(e metav1.LabelSelectorRequirement) bool { return e.Key == from.Revision && to.Revision == "" })
	for n := range *expressions {
		switch expression := &(*expressions)[n]; expression.Key {
		case from.NamespaceLabel:
			expression.Key = to.NamespaceLabel
			if expression.Operator == metav1.LabelSelectorOpIn {
				expression.Values = []string{to.NamespaceLabelValue}
			}
		case from.Revision:
			expression.Key = to.Revision
			if len(expression.Values) > 0 {
				expression.Values = policy.Revisions
			}
		}
	}
}

// conditionsOf returns the conditions of an entry in the words of a policy.
func conditionsOf(entry *admissionregistrationv1.MutatingWebhook, policy *webhook.Policy) []admissionregistrationv1.MatchCondition {
	words, revision := policy.Trigger.Conditions(policy.Keys.Inject), templates.ConditionsOfRevision(policy.Keys.Revision, policy.Revisions)
	type condition = admissionregistrationv1.MatchCondition
	scope, _, _ := webhook.ScopeOfPath(PathOf(&entry.ClientConfig))
	first := map[webhook.Scope]condition{
		webhook.ScopeNamespace: {Name: "not-opted-out", Expression: words.NotOptedOut},
		webhook.ScopePod:       {Name: "asked", Expression: words.Asks},
		webhook.ScopeRevision:  {Name: "not-opted-out", Expression: words.NotOptedOut},
		webhook.ScopeEvery:     {Name: "says-nothing", Expression: words.Silent},
	}[scope]
	changed := []condition{first}
	for _, c := range entry.MatchConditions[1:] {
		switch {
		case c.Name == "revision" && policy.Keys.Revision == "", c.Name == "no-host-network-unless-asked" && policy.Trigger.HostNetwork:
			continue
		case c.Name == "revision" && entry.Name == "revision.sidecar-injector.github.io":
			c.Expression = revision.NoneOrNamed
		case c.Name == "revision" && scope == webhook.ScopeRevision:
			c.Expression = revision.Named
		case c.Name == "revision":
			c.Expression = revision.None
		case c.Name == "no-host-network-unless-asked":
			c.Expression = fmt.Sprintf("!(has(object.spec.hostNetwork) && object.spec.hostNetwork) || (%s)", words.Asks)
		}
		changed = append(changed, c)
	}
	return changed
}

// Read returns the first MutatingWebhookConfiguration among YAML documents that calls a path of the injector; an error says
// that there is none, or that a document cannot be read.
func Read(documents []byte) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(documents)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("there is no MutatingWebhookConfiguration that calls the injector")
		}
		if err != nil {
			return nil, err
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return nil, err
		}
		if kind.Kind != "MutatingWebhookConfiguration" {
			continue
		}
		configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
		if err := yaml.UnmarshalStrict(document, configuration); err != nil || IsOurs(configuration) {
			return configuration, err
		}
	}
}

// IsOurs says whether an entry of a configuration calls a path of the injector.
func IsOurs(configuration *admissionregistrationv1.MutatingWebhookConfiguration) bool {
	return slices.ContainsFunc(configuration.Webhooks, func(entry admissionregistrationv1.MutatingWebhook) bool {
		_, _, ok := webhook.ScopeOfPath(PathOf(&entry.ClientConfig))
		return ok
	})
}
