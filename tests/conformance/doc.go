// Package conformance holds the profile istio against Istio itself. There is nothing in it but tests; each prints a
// table and a line N/N:
//
//	goldens     every case of Istio's own TestInjection, through our webhook          goldens_test.go
//	decisions   every row of Istio's TestInjectRequired, both webhooks asked          decisions_test.go
//	sides       Istio's real webhook and ours on the same generated pods              sides_test.go
//	twice       every injected golden, and generated pod, injected again              twice_test.go
//	hostile     values that try to break out of the templates; also a fuzz target     hostile_test.go
//	settings    values of proxy.istio.io/config that Istio reads in its own way     proxy_settings_test.go
//	forged      annotations that claim an earlier injection                           forged_test.go
//
// What they are made of:
//
//	Istio's tables, read out of the source of its tests                    source_test.go, cases_test.go
//	a configuration, rendered by Istio's own chart                         configuration_test.go, sides_configurations_test.go
//	a workload's pod as the API server would send it                       pods_test.go
//	pods at random                                                         generate_test.go, generate_containers_test.go, vocabulary_test.go
//	places that templates read, and what is put there                      inputs_test.go, internal/hostile
//	what a harmless value makes of a place, and what a hostile one does    stage_test.go, structure_test.go, internal/hostile
//	both webhooks behind the same question and answer                      admission_test.go, ours_test.go, istio_test.go
//	what is compared, and how a difference is shown                        compare_test.go, table_test.go
//	differences that are meant, by name                                    sides_differences_test.go, and in goldens and decisions
//
// Everything of Istio's (charts, inputs, goldens, tables, the webhook) comes out of its Go module at the version that
// go.mod names. A new version with a case that is not understood here fails; so does one with more or fewer cases.
//
// Istio's webhook reads settings of the process (environment, package variables), so these tests do not run in
// parallel.
package conformance
