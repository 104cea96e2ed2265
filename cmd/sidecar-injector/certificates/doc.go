// Package certificates shows and renews the certificates of an installed
// injector, from outside: it reads the cluster's objects as an administrator and
// shakes hands with every replica.
//
//	Injector     one installed injector, its objects by name     injector.go, objects.go
//	  → replicas who serves: endpoints of the Service, or named  replicas.go
//	  → looks    what each replica serves, by a TLS handshake    look.go, forward.go
//	  → Status   what is found, and what is wrong with it        status.go, judge.go
//	  → text     for people; as data by encoding/json            text.go
//	Renew        asks cert-manager, and waits for the Status     renew.go, wait.go, issuer.go
//
// What is wrong is decided from values alone, in judge.go; everything else here is
// the way to those values.
package certificates
