// Package certs holds the serving pair of the webhook and the trust that API
// servers put in it.
//
// Three sources serve a pair, each behind the interface [Source]:
//
//	NewSecretSource   a Secret that cert-manager keeps, watched through the API
//	NewFileSource     a folder with tls.crt and tls.key, watched on disk
//	NewSelfSigned     a pair made at start, for development
//
// All of them keep the last good pair: what does not parse, does not match or is
// outside its dates is refused and reported, and never replaces what is served.
//
// A [Publisher] writes a source's CA, its [Trust], into the caBundle of a
// MutatingWebhookConfiguration, and keeps it there:
//
//	Secret ─▶ SecretSource ─▶ GetCertificate of the TLS server
//	               │
//	               └─ CA ─▶ Publisher ─▶ webhooks[*].clientConfig.caBundle
package certs
