// Package explain says why a pod is injected or not, rule by rule, and what would make it different.
//
//	document → its pod, as the API server sees it     explain.go
//	  → calls     which webhook is asked              package selection
//	  → steps     what each rule says                 webhook.Trace
//	  → answer    what the handler answers            package simulate
//	  → state     what a live pod really has          state.go, history.go, managed.go
//	  → renewal   how live pods come to be others     owner.go
//	  → remedies  changes, tried before they are told remedies.go
//	  → text      for people; as data by JSON         text.go, wrap.go
//
// There is no second implementation of any rule: what is said is what the webhook's own handler answers.
package explain
