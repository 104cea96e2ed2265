// Package istio is the profile "istio": it reads the ConfigMaps of an Istio installation as they stand, and makes of
// them what the engine of package templates needs to inject pods as Istio's own injector does.
//
// What is Istio's vocabulary stands here and nowhere else:
//
//	the ConfigMaps' texts   sources.go, configtext.go, values.go, mesh.go, messages.go, messages_loose.go
//	the proxy's settings    proxyconfig.go, proxychecks.go
//	what templates see      model.go, owner.go, image.go, ids.go, functions*.go
//	what pods may say       annotations.go
//	what follows the merge  finish.go, cluster.go, prometheus.go, probes.go, user.go, records.go, order.go
//	and its undoing         prepare.go
//
// Istio's status annotation is written, because tools read it, and never believed: the engine's own says what an
// earlier injection set.
package istio
