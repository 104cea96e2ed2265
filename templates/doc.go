// Package templates is the injection engine: it turns a pod and a set of templates into the pod with its sidecar, and
// into the RFC 6902 patch between the two. It needs no cluster and does no I/O.
//
// The way of one injection, and the file that each step stands in:
//
//	pod (raw JSON object)
//	  → prepare   what the profile did to the author's own fields, undone       hooks.go
//	  → strip     what an earlier injection owns, by its status annotation      status.go, places.go
//	  → data      the values that templates see                                 data.go
//	  → render    each template, in order                                       render.go, functions.go
//	  → overlay   the rendered YAML, parsed and checked against the Pod type    overlay.go, check.go, locate.go
//	  → merge     overlays onto the pod, then the user's own containers on top  merge.go, inject.go, overrides.go
//	  → share     what spec.resources sets, left to the pod                     rule_podresources.go
//	  → finish    what the profile does besides                                 hooks.go
//	  → order     init containers and containers                                order.go
//	  → rules     a valid pod stays valid, or is refused, or warned about        rules.go, rule_*.go, warning_*.go
//	  → patch     the difference, with explicit positions                       diff.go
//
// What is done once per configuration (reading a profile, merging values, parsing templates) is in profile.go,
// values.go, value_rules.go and engine.go.
package templates
