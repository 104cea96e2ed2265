// Package config is the command line of traffic-redirect: what can be said, and what of it makes no sense.
//
//	config.go      Config, the checked result
//	option.go      the table of options, with Istio's names for them
//	parse.go       Parse: flags and environment → Config
//	values.go      one value and lists of them
//	consistent.go  options that contradict each other
//
// It is pure: the environment comes in as a function.
package config
