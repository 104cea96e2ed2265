// Package serve runs the webhook in a cluster: it wires the admission handler to what feeds it.
//
//	options.go      what can be set
//	run.go          the parts, wired together, and their start and end
//	parts.go        the source of the configuration, and how reconcilers are run
//	serving.go      the serving pair, who trusts it, the publisher of the trust bundle
//	cluster.go      how the API is reached, and which objects of it are watched
//	config.go       the configuration, from a ConfigMap or files, the last good one kept
//	validate.go     what is said of a ConfigMap before it is stored
//	istio.go        what an Istio installation says of injection
//	nodes.go        whether the nodes can run native sidecars
//	namespaces.go   what is known of namespaces
//	owners.go       Events on the workloads whose pods were refused
//	health.go       /healthz and /readyz
//	metrics.go      what metrics tell of the process: its version, and whether it is ready
//	debug.go        profiles and the log level, on loopback
//	log.go          the log
//	logqueue.go     what lets nobody wait for the log
//	serverlog.go    what HTTP servers have to say of connections
package serve
