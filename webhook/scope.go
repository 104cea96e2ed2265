package webhook

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

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

// Path returns the URL path of the scope's entry. Behind it may stand pairs of a key and a value, such as
// /cluster/east/net/a, which say where the request comes from; what they mean is the profile's affair.
func (s Scope) Path() string { return "/inject/" + string(s) }

// below serves the paths below the scope's: with their pairs in the context, or not at all if they are no pairs.
func (s Scope) below(hook http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pairs, ok := s.pairs(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		hook.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), pairsKey{}, pairs)))
	})
}

// pairs reads what stands behind the scope's path. A slash in a value is written "--slash--".
func (s Scope) pairs(path string) (map[string]string, bool) {
	pairs := map[string]string{}
	rest := strings.Trim(strings.TrimPrefix(path, s.Path()), "/")
	if rest == "" {
		return pairs, true
	}
	steps := strings.Split(rest, "/")
	for pair := range slices.Chunk(steps, 2) {
		if len(pair) < 2 || pair[0] == "" {
			return nil, false
		}
		pairs[pair[0]] = strings.ReplaceAll(pair[1], "--slash--", "/")
	}
	return pairs, true
}

type pairsKey struct{}

// pairsOf returns the pairs of the request that a context belongs to.
func pairsOf(ctx context.Context) map[string]string {
	pairs, _ := ctx.Value(pairsKey{}).(map[string]string)
	return pairs
}

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
