//go:build linux

// Package kernel applies rulesets to the network namespace of the process, and reads them back.
//
//	apply.go   Apply: a ruleset in one transaction
//	read.go    Read: the table as it is
//	encode.go  matches and actions → the kernel's expressions
//	decode.go  and back
//	errors.go  what the kernel's errors mean for people
//
// All of it needs the capability NET_ADMIN in the user namespace that owns the network namespace.
package kernel
