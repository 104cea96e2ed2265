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
// A [SecretSource] looks at more than its Secret. A pair replaces another once
// every caBundle of the webhook configuration has verified it for a while, and a
// CA is told to the [Publisher] if cert-manager issued it for our Certificate:
//
//	Secret ──────▶ parse, check names      pair.go, refusal.go
//	Certificate ─▶ issued for it?          issuer.go ──▶ CAs ──▶ Publisher ──▶ caBundle
//	caBundle ────▶ trusted since when?     trust.go               bundle.go, publisher.go
//	                       │
//	                       ▼
//	               adopt it, or wait       decide.go ──▶ GetCertificate of the TLS server
//	                       │
//	                       ▼
//	          ready, reported, asked for   secret_ready.go, plea.go, secret_report.go
package certs
