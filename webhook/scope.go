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
		hook.ServeHTTP(w, r.WithContext(WithPairs(r.Context(), pairs)))
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

// ScopeOfPath returns the scope that a webhook's URL path belongs to, with the pairs behind it; ok is false for a path
// that is not served.
func ScopeOfPath(path string) (scope Scope, pairs map[string]string, ok bool) {
	for _, scope := range []Scope{ScopeNamespace, ScopePod} {
		if path == scope.Path() || strings.HasPrefix(path, scope.Path()+"/") {
			pairs, ok = scope.pairs(path)
			return scope, pairs, ok
		}
	}
	return "", nil, false
}

type pairsKey struct{}

// WithPairs returns a context for a handler of a scope that stands for a request with these pairs in its path.
func WithPairs(ctx context.Context, pairs map[string]string) context.Context {
	return context.WithValue(ctx, pairsKey{}, pairs)
}

// pairsOf returns the pairs of the request that a context belongs to.
func pairsOf(ctx context.Context) map[string]string {
	pairs, _ := ctx.Value(pairsKey{}).(map[string]string)
	return pairs
}
