// Package audit looks at the live pods of a cluster and finds those whose sidecar is not what it should be.
//
//	pods, in pages → Auditor.Look, side by side     auditor.go
//	  → Finding    of one pod                       finding.go, ready.go
//	  → Report     by workload, what to do first    report.go, text.go
//	    → Restart  of the workloads concerned       restart.go, workload.go, rollout.go
//
// What a pod should have is what the webhook's own rules and templates say, of the pod as it was created.
package audit
