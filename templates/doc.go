// Package templates is the injection engine: it turns a pod and a set of templates into the pod with its sidecar, and
// into the RFC 6902 patch between the two. It needs no cluster and does no I/O.
//
// The way of one injection, and the file that each step stands in:
//
//	pod (raw JSON object)
//	  → prepare   what the profile did to the author's own fields, undone       hooks.go
//	  → strip     what an earlier injection owns, by its status annotation      status.go, ownership_strip.go, positions.go
//	  → data      the values that templates see                                 data.go
//	  → render    each template, in order: values are parameters, not text      render.go, functions*.go, internal/param
//	  → overlay   what it rendered, checked against the Pod type                overlay.go, check.go, schema.go
//	  → merge     overlays onto the pod, then the author's own containers       merge*.go, overrides.go
//	  → share     what spec.resources sets, left to the pod                     rule_podresources.go
//	  → finish    what the profile does besides                                 hooks.go
//	  → order     init containers and containers                                order.go
//	  → own       which fields are the injector's, and what the author had      ownership*.go, remove.go
//	  → rules     a valid pod stays valid, or is refused, or warned about       rules.go, rule_*.go, warning_*.go
//	  → policy    what an operator does not leave to pods, refused              podpolicy*.go, image.go
//	  → patch     the difference, with explicit positions                       diff.go
//
// Nothing on this way changes what it is given: each step returns what it makes, and shares with it what stays. So no
// pod is copied, a step costs what it changes, and the patch skips what is shared. inject.go has the steps in a row;
// pod.go is the model of a pod, internal/podtype what the Pod type says of each field, internal/listmap which element
// of a list is which.
//
// Engine.Answer goes the same way for the first pod of a workload alone, and remembers what came of it for the others:
// replicas.go. What a template can read of a pod is found when it is loaded, in internal/reads.
//
// What is done once per configuration (reading a profile, merging values, parsing templates) is in profile.go,
// values.go, value_rules.go and engine.go.
package templates
