// Package preview shows what injection would do to workloads, and what the removal of one does.
//
// It does not inject by itself: the workloads of package manifest go through package simulate to the handler that also
// serves. What stands here is the way back.
//
//	documents  → for each workload: its pod, asked about                preview.go
//	             or what an injection had left in it, removed           remove.go
//	  → restore     the defaults taken away from the answer again       restore.go, restore_template.go
//	  → output      diff, yaml, json, patch, review or name             output.go, output_diff.go, output_review.go
//	  → compare     with what the API server makes of the pod           server.go
package preview
