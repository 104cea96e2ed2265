// Package samples has pods on which templates are tried before a pod of a user is.
//
//	Pods     valid pods on which templates stumble, by what they are   pods.go
//	Check    refuses templates that can be injected into none          check.go
package samples
