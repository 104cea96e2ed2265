//go:build linux

// Package app is the command line of traffic-redirect: one command, what it does by its flags, and exit codes.
//
//	config.Parse → rules.Build, routes.For → kernel.Apply, Plan.Apply
//	                                       → text.Script             (--dry-run)
//	                                       → text.Difference         (--check)
package app
