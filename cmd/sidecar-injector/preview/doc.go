// Package preview shows what injection would do to workloads that stand in files, without a cluster.
//
// It does not inject by itself: it makes the AdmissionRequest that the API server would send for a workload's pod and
// gives it to the handler that also serves. What stands here is the way there and back.
//
//	files, directories, standard input
//	  → documents   split, decoded, with file and line for messages     input.go, document.go
//	  → namespaces  labels and annotations, from Namespace documents    namespaces.go
//	  → workloads   every pod template in a document, checked           workload.go, shape.go
//	  → pod         as the workload's controller would make it          pod.go
//	  → defaults    what the API server fills in before it calls        defaults.go, defaults_*.go, path.go
//	  → request     scope and AdmissionRequest, the handler's answer    preview.go
//	  → restore     the defaults taken away from the answer again       restore.go, restore_template.go
//	  → output      diff, yaml, json or patch                           output.go
//
// Objects are maps decoded from JSON all the way, never Go structs written back, so that fields which this program
// does not know come out as they went in.
package preview
