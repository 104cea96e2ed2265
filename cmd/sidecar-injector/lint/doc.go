// Package lint checks a configuration, its values and its templates before they are installed.
//
//	Sources → load       parsing, unknown keys, templates        load.go, position.go
//	        → pods       a set of awkward ones, injected         pods.go, render.go
//	          → checks   of each injected pod                    checks.go, security.go
//	  → Findings         with file, line and a remedy            finding.go
//	    → text, json, sarif                                      text.go, sarif.go
//	Cases                template authors' own, in folders       cases.go
//
// Everything is loaded and rendered by the webhook's own engine; what stands here looks at what comes out.
package lint
