// Package valid holds the engine to one property, with generated pods: a pod that the API server would take is taken
// injected, or is refused or warned about by us, and what is said names the field or annotation. There is nothing in it
// but tests, and the package pods, which makes the pods.
//
//	the API server's own decoding, defaults, plug-ins and validation                  apiserver_test.go
//	the configurations that pods meet, and our webhook                                injectors_test.go, istio_test.go
//	what must hold for each pod                                                       properties_test.go
//	faults by kind, each with its smallest pod                                        kinds_test.go
//	the run, and which fields it reached                                              valid_test.go
//
// `go test` takes 2,000 pods, and as many with the profile linkerd; `go test -pods 100000` takes more, -seed other ones. A
// failure names seed and index of its pod: `go test -seed 1 -pod 1234` takes that pod alone.
package valid
