// Package parts builds the programs of the test cluster from their Go modules,
// which stand in the folders beside it:
//
//	kubernetes/    kube-apiserver, kube-controller-manager, kubectl
//	etcd/          etcd
//	cert-manager/  a program that runs cert-manager's controllers
//
// Each is a module of its own, so that its requirements never meet the
// product's. Build puts the programs below <repository>/bin once and finds them
// there afterwards; nothing is downloaded but Go modules.
package parts
