// Package manifest reads Kubernetes manifests as people write them, and finds the workloads in them.
//
//	files, directories, patterns, standard input, URLs                  input.go, passover.go, url.go
//	kustomizations                                                      kustomize.go
//	  → guard       what they may read, and fetch from elsewhere        kustomize_guard.go, kustomize_remote.go
//	  → documents   split, decoded, with file and line for messages     document.go, decode.go, live.go
//	  → namespaces  labels and annotations, from Namespace documents    namespaces.go
//	  → workloads   every pod template in a document, checked           workload.go, custom.go, paths.go, shape.go
//
// Package edit writes a changed object back into the text of its document.
//
// Objects are maps decoded from JSON all the way, never Go structs written back, so that fields which this program
// does not know come out as they went in.
package manifest
