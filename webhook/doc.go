// Package webhook is the mutating admission webhook: it decides whether a pod gets a sidecar and answers the API
// server with the patch that package templates computes.
//
//	Config    what an operator sets, parsed and checked            config.go, config_error.go
//	Scope     the webhook entry that the API server matched        scope.go
//	Decide    inject or skip, with one reason; a pure function     decide.go
//	Handler   AdmissionRequest in, AdmissionResponse out           handler.go
//	          behind HTTP, and with the pod decoded                review.go, decode.go
//	          with its metrics and warnings                        metrics.go, podsecurity.go
//	          and who is told of a refusal                         refusal.go
//
// Nothing on the way of an admission calls the API, reads a file or waits for a reload. The same Handler serves
// HTTPS and answers previews; somebody else's program can use it with no cluster at all.
package webhook
