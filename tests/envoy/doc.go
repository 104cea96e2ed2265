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
//	program_test.go      Envoy, brought by pip or named by the variable ENVOY; without it, or without root, a loud line
//	running_test.go      a pod in network namespaces with its rules and its Envoy
//	confine_test.go      the privileges that its pod takes from it
//	ways_test.go         clients and servers on both sides of it
//	report_test.go       the table of what was seen
//	traffic_test.go      both families, closed ports, servers that speak first
//	capture_test.go      what passes it, and what goes past it
//	start_test.go        privileges, no IPv6, transparent sockets
//	detection_test.go    what a connection is taken for
//	transparency_test.go what passes unchanged; grpc_test.go the same of gRPC
//	headers_test.go      what is added
//	retries_test.go      what is tried again, and how often at most
//	timeouts_test.go     what ends; breakers_test.go what is refused
//	log_test.go          the access log; tracing_test.go spans
//	drain_test.go        readiness and the end
package envoy
