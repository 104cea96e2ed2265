// Package pods makes pods at random, from the Pod type itself, so that a field that Kubernetes adds is generated the day
// its API module is updated. It knows nothing of validation: whoever uses it gives a Judge, the API server's own
// validation in this process or a real API server.
//
//	the shape of a pod, with one of each one-of                     fill.go
//	what stands in its fields: words of our own, by field           words.go, numbers.go, metadata.go
//	what the profile envoy injects, to collide with                 envoy.go
//	names that agree within the pod                                 agree.go
//	what the judge names goes, until the pod is valid               prune.go
//	what a failure does not need goes, until it would not fail      minimize.go
//	which fields have been reached                                  coverage.go
package pods
