// Package samples has pods that templates are tried on before they are used.
//
//	Pods      pods on which templates stumble, by what they are        pods.go
//	Check     refuses templates that fail on them                      check.go
package samples
