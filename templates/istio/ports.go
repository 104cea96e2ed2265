package istio

import (
	"maps"
	"slices"
)

// proxyPorts are those that the proxy listens on, and what for.
var proxyPorts = map[int]string{
	15000: "Envoy's administration", portOutbound: "outbound capture", 15004: "the control plane's debugging",
	portInbound: "inbound capture", 15008: "the HBONE tunnel", 15020: "the merged metrics", 15021: "Envoy's health",
	15053: "the DNS proxy", 15090: "Envoy's own metrics",
}

const (
	portOutbound = 15001
	portInbound  = 15006
)

// portsByContainer returns the ports that are taken in a pod, by the injected container with which they are: those of
// captured traffic only if traffic is captured.
func portsByContainer() map[string][]int64 {
	var proxy []int64
	captured := []int64{portOutbound, portInbound}
	for _, port := range slices.Sorted(maps.Keys(proxyPorts)) {
		if !slices.Contains(captured, int64(port)) {
			proxy = append(proxy, int64(port))
		}
	}
	return map[string][]int64{proxyContainer: proxy, initContainer: captured, validationContainer: captured}
}
