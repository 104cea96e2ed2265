// Package simulate is what stands between a workload and the webhook in a cluster: the workload's controller, which makes
// pods of it, and the API server, which fills in defaults and then asks.
//
//	workload
//	  → pod         as the workload's controller would make it          pod.go
//	  → created     one that is stored already, as it was sent          created.go
//	  → defaults    what the API server fills in before it calls        defaults.go, defaults_*.go, path.go
//	  → request     AdmissionRequest, the handler's answer, applied     request.go, patch.go
//	  → probes      which TCP probes ask another port then              probes.go
package simulate
