// Package selection answers what the API server asks itself before it calls a webhook: do the entry's rules, selectors
// and match conditions choose this pod?
//
//	MutatingWebhookConfiguration   installed, or the chart's own (Default)   webhooks.go
//	  → Call, per entry            every check with what it saw              evaluate.go
//
// The match conditions are evaluated by the API server's own library, in the environment that it gives them.
package selection
