// Package routes is what the rules need of routing and addresses.
//
//	plan.go    Plan: which things have to be there, by the configuration
//	routes.go  Apply and Difference, for the network namespace of the process
package routes
