// Package traffic compares the redirection rules of traffic-redirect with Istio's. There is nothing in it but tests: for
// each configuration of the table with which Istio tests its own rules, Istio's code applies them in one pod and our
// program, with the same arguments, applies ours in another; then the same connections and queries are made in both, and
// who took each must be the same, or differ as differences_test.go says, by name and for a reason.
//
//	table_test.go        Istio's table, read out of the source of its test and held against its goldens
//	arguments_test.go    a configuration as arguments of our program
//	flows_test.go        what is sent: every caller to every destination
//	sides_test.go        a pod with the rules of one side, and what comes of each flow there
//	differences_test.go  differences that are meant, by name
//	rules_test.go        the comparison
//
// Istio's rules are those of its mode for nftables (tools/istio-nftables in istio.io/istio), whose table is the one for
// iptables with one row more. Istio applies them with the program nft, and both sides need root; where one is missing
// the comparison is skipped with a warning.
package traffic
