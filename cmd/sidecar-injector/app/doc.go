// Package app is the command line of sidecar-injector: one file a command, its
// flags copied into the options of the packages that do the work.
//
//	root.go      the root command, errors and exit codes
//	serve.go     serve: the webhook in a cluster
//	preview.go   preview: the same handler, with no cluster
//	remove.go    remove: its inverse, for what was injected by hand
//	explain.go   explain: why a pod has a sidecar, or none
//	audit.go     audit: the live pods whose sidecar is not what it should be
//	lint.go      lint: configuration and templates before they are installed
//	check.go     check: whether an injector can be installed, or works
//	certs.go     certs: the certificates of an installed injector
//	version.go   version
//
// What several have in common stands in input.go (workloads and configuration),
// output.go and data.go (how they are printed), complete.go and exit.go.
package app
