// Package configuration makes a webhook.Config of what an operator wrote, wherever it stands.
//
//	Inputs     what the ConfigMap holds                              inputs.go
//	           and, for the profile istio, what an Istio says        istio.go
//	Files      the same from files, as flags name them               files.go
//	Overrides  single values and templates, laid over either         overrides.go
//
// Errors tell the line on which a field was written, whatever was laid over it.
package configuration
