// Package rules turns a configuration into nftables rules, as values.
//
//	build.go     Build: config → Ruleset, and the sets
//	outbound.go  what processes of the pod send: the order of decisions
//	inbound.go   what comes in: REDIRECT and TPROXY
//	dns.go       zones of connection tracking for captured DNS
//	rule.go      words that the files above are written in
//	ruleset.go   Ruleset and what it is made of
//	value.go     values as the kernel holds them, format.go as people read them
//	sets.go      sets without duplicates, intervals that do not overlap
//
// It is pure; the package text prints a ruleset, and the package kernel applies it and reads it back.
package rules
