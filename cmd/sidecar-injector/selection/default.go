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
// in, the words of the profile's trigger, and the entry for pods that say nothing are taken from that, as the chart does.
func Default(config *webhook.Config) (*Webhooks, error) {
	configuration, err := installed()
	if err != nil {
		return nil, fmt.Errorf("read the chart's webhook configuration: %w", err)
	}
	builtin, err := webhook.Parse(nil, nil)
	if err != nil {
		return nil, err
	}
	policy, from := config.Policy(), builtin.Policy()
	if policy.EveryPod {
		every := *configuration.Webhooks[len(configuration.Webhooks)-1].DeepCopy()
		every.Name, every.ClientConfig.Service.Path = "every.sidecar-injector.github.io", new(webhook.ScopeEvery.Path())
		every.FailurePolicy = new(admissionregistrationv1.Ignore)
		configuration.Webhooks = append(configuration.Webhooks, every)
	}
	for i := range configuration.Webhooks {
		entry := &configuration.Webhooks[i]
		relabel(entry.NamespaceSelector.MatchExpressions, from.Keys, policy.Keys)
		scope, _, _ := webhook.ScopeOfPath(PathOf(&entry.ClientConfig))
		entry.MatchConditions = conditionsOf(entry.MatchConditions, scope, policy)
	}
	return New(configuration)
}

// relabel puts the label that opts namespaces in in place of another.
func relabel(expressions []metav1.LabelSelectorRequirement, from, to templates.Keys) {
	for n := range expressions {
		if expressions[n].Key != from.NamespaceLabel {
			continue
		}
		expressions[n].Key = to.NamespaceLabel
		if len(expressions[n].Values) > 0 {
			expressions[n].Values = []string{to.NamespaceLabelValue}
		}
	}
}

// conditionsOf returns the conditions of an entry in the words of a trigger.
func conditionsOf(all []admissionregistrationv1.MatchCondition, scope webhook.Scope, policy *webhook.Policy) []admissionregistrationv1.MatchCondition {
	words := policy.Trigger.Conditions(policy.Keys.Inject)
	of := map[webhook.Scope]admissionregistrationv1.MatchCondition{
		webhook.ScopeNamespace: {Name: "not-opted-out", Expression: words.NotOptedOut},
		webhook.ScopePod:       {Name: "asked", Expression: words.Asks},
		webhook.ScopeEvery:     {Name: "says-nothing", Expression: words.Silent},
	}
	changed := slices.Clone(all)
	changed[0] = of[scope]
	last := len(changed) - 1
	if policy.Trigger.HostNetwork {
		return changed[:last]
	}
	changed[last].Expression = fmt.Sprintf("!(has(object.spec.hostNetwork) && object.spec.hostNetwork) || (%s)", words.Asks)
	return changed
}

// installed finds the webhook configuration among the objects of the chart.
func installed() (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests.Install)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("there is none")
		}
		if err != nil {
			return nil, err
		}
		configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return nil, err
		}
		if kind.Kind == "MutatingWebhookConfiguration" {
			return configuration, yaml.UnmarshalStrict(document, configuration)
		}
	}
}
