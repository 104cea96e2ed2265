// Package parts builds the programs of the test cluster from their Go modules,
// which stand in the folders beside it:
//
//	kubernetes/    kube-apiserver, kube-controller-manager, kubectl; for a node kube-scheduler, kubelet, kube-proxy
//	etcd/          etcd
//	cert-manager/  a program that runs cert-manager's controllers
//	containerd/    containerd, its shim and ctr, and the CNI plug-ins, for a node
//	coredns/       CoreDNS with the plug-ins that a node needs
//	prometheus/    Prometheus and promtool
//
// prometheus-operator/ only says of which version CustomResourceDefinitions are taken.
//
// Each is a module of its own, so that its requirements never meet the
// product's. Build, BuildNode and BuildMonitoring put the programs below <repository>/bin once and
// find them there afterwards; nothing is downloaded but Go modules.
package parts
