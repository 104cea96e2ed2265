// Package configuration makes a webhook.Config of what an operator wrote, wherever it stands.
//
//	Inputs   what the ConfigMap holds, and an Istio installation     inputs.go
//	Files    the same from files, as flags name them                 files.go, istio.go
//	Overrides  single values and templates, laid over either         overrides.go
package configuration
