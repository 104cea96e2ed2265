// Package traffic shows that traffic-redirect sends through the proxy what it should, and nothing else. Its tests need
// root and nftables; without, they are skipped with a warning.
//
//	world/             network namespaces, the wires between them, servers, a proxy in Envoy's place; a package, for others too
//	program_test.go    the program, built and run in the pod
//	captures_test.go   the table: arguments, connections, and who takes them
//	capture_test.go    its test
//	dns_test.go        captured DNS
//	lifecycle_test.go  applied twice, removed, refused, timed
//	check_test.go      what --check finds
//	nft_test.go        the printed rules, given to nft
//	dump_test.go       the rules as the kernel has them, read without the program
//
// Every connection is real and every process that the rules tell apart has its own user: the socket belongs to the user
// of the thread that opens it. Who was reached is counted on both sides: the log of a connection has the proxy and the
// server, or the server alone.
package traffic
