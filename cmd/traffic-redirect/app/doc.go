//go:build linux

// Package app is the command line of traffic-redirect: what it does by its flags, the command wait, and exit codes.
//
//	config.Parse → rules.Build, routes.For → kernel.Apply, Plan.Apply
//	                                       → text.Script             (--dry-run)
//	                                       → text.Difference         (--check)
//	             hold.Install                                         (--install-to)
//	hold.Wait                                                         (wait)
package app
