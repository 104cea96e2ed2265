package webhook

// Scope is the entry of the webhook configuration that the API server matched. Each has a URL path of its own, so the
// handler knows what the selectors saw: a namespace cache of ours would lag behind, and skip in silence the pods of a
// namespace that was labelled a moment ago.
type Scope string

const (
	// ScopeNamespace is the entry for namespaces whose label opted in.
	ScopeNamespace Scope = "namespace"
	// ScopePod is the entry for pods that ask for themselves, in namespaces without that label.
	ScopePod Scope = "pod"
)

// Path returns the URL path of the scope's entry.
func (s Scope) Path() string { return "/inject/" + string(s) }

// ScopeOf returns the entry whose namespace selector matches a namespace with these labels; called is false if none
// does, because the label is there with another value.
func (c *Config) ScopeOf(namespaceLabels map[string]string) (scope Scope, called bool) {
	keys := c.engine.Profile().Keys
	switch value, labelled := namespaceLabels[keys.NamespaceLabel]; {
	case !labelled:
		return ScopePod, true
	case value == keys.NamespaceLabelValue:
		return ScopeNamespace, true
	default:
		return "", false
	}
}
