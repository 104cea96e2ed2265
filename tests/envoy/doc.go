// Package envoy holds the tests of the Envoy profile's bootstrap that need Envoy's API types: whatever the values and a
// pod's annotations are, the configuration that ends up in the sidecar's arguments is one that those types take, field by
// field, and that passes the checks which come with them.
//
//	check_test.go      the check itself: strict reading, every typed_config, ValidateAll
//	inject_test.go     from values and a pod to the arguments of its sidecar
//	bootstrap_test.go  every value, every annotation, the example and the engine's goldens pass the check
//	meaning_test.go    what the configuration says: loops, clusters, retries, ports
//	pod_test.go        what else the profile does to a pod: probes, draining, threads, users, annotations
//	maintained_test.go the pinned Envoy is one that gets fixes
//	arguments_test.go  traffic-redirect takes the arguments of the init container
package envoy
