package webhook

import (
	"context"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// ScopeRevision is the entry for pods that name this injector, themselves or by their namespace.
	ScopeRevision Scope = "revision"
	// ScopeEvery is the entry for pods of every namespace that say nothing: what their namespace says is read from the
	// watched namespace, since no selector sees annotations.
	ScopeEvery Scope = "every"
)

// Scopes are all of them.
var Scopes = []Scope{ScopeNamespace, ScopePod, ScopeRevision, ScopeEvery}

// Path returns the URL path of the scope's entry. Path parameters may follow it, a name and a value each, such as
// /cluster/east/net/a, which say where the request comes from; what they mean is the profile's to say.
func (s Scope) Path() string { return "/inject/" + string(s) }

// below serves the paths below the scope's, with the parameters in the context; a path that has a name without a value is
// not found.
func (s Scope) below(hook http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parameters, ok := s.parameters(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		hook.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), parametersKey{}, parameters)))
	})
}

// parameters reads the path parameters behind the scope's path. A slash in a value is written "--slash--".
func (s Scope) parameters(path string) (parameters map[string]string, ok bool) {
	parameters = map[string]string{}
	rest := strings.Trim(strings.TrimPrefix(path, s.Path()), "/")
	if rest == "" {
		return parameters, true
	}
	for parameter := range slices.Chunk(strings.Split(rest, "/"), 2) {
		if len(parameter) < 2 || parameter[0] == "" {
			return nil, false
		}
		parameters[parameter[0]] = strings.ReplaceAll(parameter[1], "--slash--", "/")
	}
	return parameters, true
}

// ScopeOfPath returns the scope that a webhook's URL path belongs to, with its path parameters; ok is false for a path that
// is not served.
func ScopeOfPath(path string) (scope Scope, parameters map[string]string, ok bool) {
	for _, scope := range Scopes {
		if path == scope.Path() || strings.HasPrefix(path, scope.Path()+"/") {
			parameters, ok = scope.parameters(path)
			return scope, parameters, ok
		}
	}
	return "", nil, false
}

type parametersKey struct{}

// parametersOf returns the path parameters of the request that a context belongs to.
func parametersOf(ctx context.Context) map[string]string {
	parameters, _ := ctx.Value(parametersKey{}).(map[string]string)
	return parameters
}

// Namespace returns what Decide needs to know of a pod's namespace, given what is known of that and the entry by which the pod
// came.
func (s Scope) Namespace(meta *metav1.ObjectMeta) Namespace {
	namespace := Namespace{Name: meta.Name, OptedIn: s == ScopeNamespace || s == ScopeRevision, ByRevision: s == ScopeRevision, Every: s == ScopeEvery}
	if s == ScopeEvery {
		namespace.Annotations = meta.Annotations
	}
	return namespace
}
