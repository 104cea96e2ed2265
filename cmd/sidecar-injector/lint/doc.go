// Package lint checks a configuration, its values and its templates before they are installed.
//
//	Sources → load       again and again, each time without what    load.go, broken.go
//	                     was wrong; where everything stands         source.go, position.go
//	        → values     that no template looks at                  unused.go
//	        → policy     what it leaves to pods                     open.go
//	        → webhooks   which pods the API server asks about       webhooks.go
//	        → pods       a set of sample ones, injected            pods.go, render.go
//	          → checks   of each injected pod                       checks.go, schema.go, security.go
//	  → Findings         with file, line, column and a remedy       finding.go
//	    → text, json, sarif                                         text.go, sarif.go
//	Cases                template authors' own, in folders          cases.go, outcome.go
//
// Everything is loaded and rendered by the webhook's own engine, and cases are answered as preview answers; what stands here
// looks at what comes out.
package lint
