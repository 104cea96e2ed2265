// Package envoy holds the tests of the Envoy profile that need Envoy's API types or Envoy itself: whatever the values and a
// pod's annotations are, the configuration that ends up in the sidecar's arguments is one that those types take, field by
// field, and that passes the checks which come with them; and a real Envoy does with real connections what the docs say.
//
//	check_test.go      the check itself: strict reading, every typed_config, ValidateAll
//	inject_test.go     from values and a pod to the arguments of its sidecar
//	bootstrap_test.go  every value, every annotation, the example and the engine's goldens pass the check
//	meaning_test.go    what the configuration says: loops, clusters, retries, ports
//	pod_test.go        what else the profile does to a pod: probes, draining, threads, users, annotations
//	maintained_test.go the pinned Envoy is one that gets fixes
//	arguments_test.go  traffic-redirect takes the arguments of the init container
//
//	program_test.go    Envoy, brought by pip or named by the variable ENVOY; without it, or without root, a loud line
//	running_test.go    a pod in network namespaces with its rules and its Envoy
//	traffic_test.go    real connections through it
package envoy
