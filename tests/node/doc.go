// Package node runs injected pods: a control plane as in package cluster, and a
// node that is real from the kubelet down, on this machine.
//
//	Enter    namespaces of its own for the calling program (enter.go, cgroups.go)
//	Prepare  every program and every image, built or brought (images.go)
//	Start    package cluster → containerd → kubelet, kube-proxy, kube-scheduler,
//	         CoreDNS → the injector, as the chart deploys it (node.go, runtime.go)
//	Stop     all of it
//
// The application is cmd/app. cmd/standin stands in for the programs of other meshes.
//
// The program that calls Enter runs again as the first process of new network,
// mount, process and IPC namespaces. There it is alone: links, nftables rules,
// mounts and processes of the node are seen by nobody else, and the kernel takes
// them away when that first process ends, however it ends. Only control groups have
// no such end; the process outside removes them.
//
// Everything is routed, over IPv4 and IPv6: a pod has a pair of interfaces with the
// node, and Services are kube-proxy's nftables rules. No image is pulled, and no name beyond the
// cluster is resolved. Root on Linux is needed, runc and nft; Missing says what is
// not there.
package node
