// Package app is the command line of sidecar-injector: one file a command, its
// flags copied into the options of the packages that do the work.
//
//	root.go      the root command, errors and exit codes
//	serve.go     serve: the webhook in a cluster
//	preview.go   preview: the same handler, with no cluster
//	certs.go     certs: the certificates of an installed injector
//	version.go   version
package app
