// Package check says whether an injector can be installed in a cluster, and whether an installed one works, check by check.
//
//	Before  → versions, permissions, cert-manager, overlap, Pod Security    before.go, certmanager.go, pods.go
//	After   → the webhook's parts, its certificate, its configuration,
//	          and a pod that is created in a dry run                        after.go, certificate.go, admission.go
//	  → Report  a Result for each check: ok, a warning or failed            report.go
//	    → text  for people; as data by encoding/json                        text.go
//
// Nothing in the cluster is changed. What may not be looked at is a warning; that the API server cannot be asked at all is
// an error.
package check
