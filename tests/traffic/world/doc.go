// Package world is a pod with its proxy in real network namespaces, for tests of redirection. It needs root and
// nftables; Missing says what is not there.
//
//	world.go      namespaces: a pod, a peer, a virtual machine, and the wires between them
//	namespace.go  one namespace, and code that runs in it as some user
//	log.go        who was reached
//	servers.go    servers and their callers, over TCP
//	udp.go        the same over UDP
//	proxy.go      a proxy in Envoy's place
//	program.go    traffic-redirect, built and run in a namespace
//
// Everything ends with the test that it is made for. Namespaces, worlds and logs may be used by several goroutines once
// they are made.
package world
