// Package installed finds the injector that runs in a cluster, and the configuration that it runs with.
//
//	MutatingWebhookConfiguration   whose paths are ours                    injector.go
//	  → Service → Deployment       the arguments of its serve
//	  → ConfigMaps, nodes …        what serve reads, made a Config         inputs.go
//	namespaces                     labels and annotations of all           namespaces.go
//
// Everything is read once. What is lacking is an error that says so.
package installed
