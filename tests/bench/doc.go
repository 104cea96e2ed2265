// Bench measures an admission: Istio's real webhook, ours and the floor answer the same pods in one process, in turns.
//
//	go run .                        all rows, as a table
//	go run . -check                 the same, and it fails where a goal is missed
//	go run . -only replicas         the rows that the expression matches
//	go run . -profile DIR           what ours spends in each row, for go tool pprof
//
// The floor is what a webhook made with controller-runtime cannot avoid: its server decodes the review, the handler
// decodes the pod twice, raw and typed, and the answer carries a patch, encoded already, of the size that ours has.
//
//	what is measured, and the goals                    rows.go, goals.go
//	the pods                                           pods.go, workloads.go, worst.go
//	who answers                                        injector.go, istios.go, ours.go, floor.go
//	one admission after the other                      admissions.go
//	over HTTPS, 64 clients at once                     https.go, load.go
//	a file of 1,000 workloads                          documents.go
//	the program's memory                               memory.go
//	turns, and what an operation costs                 turns.go, sample.go
//	the table, and profiles                            table.go, profile.go
//
// Admissions one after the other are measured by the processor time of the whole process, the collection of their
// garbage included: it depends less on what else the machine does than the time on the clock. Everything else is
// measured by the clock. Numbers are medians over rounds, and only their ratios mean something on another machine.
//
// The tests only show that what is timed is the same work: the pods that both make are equal.
package main
