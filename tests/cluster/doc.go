// Package cluster runs a real Kubernetes control plane, cert-manager's real
// controllers, the chart and the injector's process on this machine, for tests
// and for the demo:
//
//	Start            etcd → kube-apiserver → kube-controller-manager → cert-manager
//	ApplyChart       a Helm release of manifests/sidecar-injector
//	TestChart        what helm test says of it, on a node
//	StartInjector    `sidecar-injector serve` with the chart's arguments and the
//	                 rights of the chart's ServiceAccount
//	StartPrometheus  a Prometheus that scrapes injectors
//	Stop             all of it but Prometheus, last started first
//
// No node is there: pods are created and stay Pending (package node, a module
// beside this one, adds one). Everything listens on loopback and on free ports, writes below one temporary folder, and ends with
// the process that started it.
//
// The API server reaches the injector by its address on loopback. For that one
// thing is changed in what the chart renders: clientConfig.service of the webhook
// entries becomes clientConfig.url.
package cluster
