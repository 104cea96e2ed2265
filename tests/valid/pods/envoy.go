package pods

// Envoy is what the profile envoy injects, and the annotations that it reads.
func Envoy() Sidecar {
	switches, badSwitches := []string{"true", "false"}, []string{"maybe", ""}
	ports, badPorts := []string{"", "80", "80,8080", "9090, 9091"}, []string{"http", "80-90", "80,,81", "70000", "0"}
	ranges, badRanges := []string{"*", "10.0.0.0/8", "10.0.0.0/8,fd00::/8"}, []string{"10.0.0.0", "all", "::ffff:10.0.0.0/104"}
	amounts := []string{"100m", "0.1", "1", "1000m", "2", "4", "1e3", "64Mi", "512Mi", "1024Mi", "2Gi", "0"}
	badAmounts := []string{"-1", "much", "1 Gi", "", "1.5.5", "1e400"}
	seconds, badSeconds := []string{"1s", "0.5s", "30s"}, []string{"-1s", "1m", "soon"}
	return Sidecar{
		Containers: []string{"sidecar-proxy", "sidecar-init"},
		Ports:      []int64{15000, 15001, 15006, 15021, 15090},
		PortNames:  []string{"proxy-metrics", "proxy-health"},
		Volumes:    []string{"sidecar-files"},
		MountPaths: []string{"/var/run/sidecar"},
		Users:      []int64{1337},
		Annotations: []Annotation{
			{Key: "sidecar.istio.io/nativeSidecar", Good: switches, Bad: badSwitches},
			{Key: "inject.istio.io/templates", Good: []string{"envoy", "envoy,envoy"}, Bad: []string{"absent"}},
			{Key: "sidecar.istio.io/proxyCPU", Good: amounts[:7], Bad: badAmounts},
			{Key: "sidecar.istio.io/proxyMemory", Good: amounts[6:], Bad: badAmounts},
			{Key: "sidecar.istio.io/proxyCPULimit", Good: amounts[:7], Bad: badAmounts},
			{Key: "sidecar.istio.io/proxyMemoryLimit", Good: amounts[6:], Bad: badAmounts},
			{Key: "sidecar.istio.io/proxyImage", Good: []string{"example.com/envoy:1"}, Bad: []string{"", " ", "example.com/envoy :1"}},
			{Key: "sidecar.istio.io/logLevel", Good: []string{"debug", "info", "off"}, Bad: []string{"loud", ""}},
			{Key: "sidecar.istio.io/interceptionMode", Good: []string{"REDIRECT", "TPROXY", "NONE"}, Bad: []string{"redirect", ""}},
			{Key: "traffic.sidecar.istio.io/includeInboundPorts", Good: append([]string{"*"}, ports...), Bad: badPorts},
			{Key: "traffic.sidecar.istio.io/excludeInboundPorts", Good: ports, Bad: badPorts},
			{Key: "traffic.sidecar.istio.io/includeOutboundPorts", Good: ports, Bad: badPorts},
			{Key: "traffic.sidecar.istio.io/excludeOutboundPorts", Good: ports, Bad: badPorts},
			{Key: "traffic.sidecar.istio.io/includeOutboundIPRanges", Good: ranges, Bad: badRanges},
			{Key: "traffic.sidecar.istio.io/excludeOutboundIPRanges", Good: []string{"", "192.168.0.0/16"}, Bad: badRanges},
			{Key: "traffic.sidecar.istio.io/excludeInterfaces", Good: []string{"eth1", "eth1,net0"}, Bad: []string{"eth/1", "a name that is much too long", "e\x00"}},
			{Key: "sidecar-injector.github.io/requestTimeout", Good: seconds, Bad: badSeconds},
			{Key: "sidecar-injector.github.io/connectTimeout", Good: seconds, Bad: append(badSeconds, "0s")},
			{Key: "sidecar-injector.github.io/idleTimeout", Good: seconds, Bad: badSeconds},
			{Key: "sidecar-injector.github.io/concurrency", Good: []string{"0", "1", "8"}, Bad: []string{"-1", "many", "1.5"}},
			{Key: "sidecar-injector.github.io/drainSeconds", Good: []string{"0", "5", "300"}, Bad: []string{"-1", "1s"}},
			{Key: "sidecar-injector.github.io/holdApplication", Good: switches, Bad: badSwitches},
			{Key: "prometheus.io/scrape", Good: switches, Bad: nil},
			{Key: "kubectl.kubernetes.io/default-container", Good: []string{"app", "sidecar-proxy"}, Bad: nil},
		},
	}
}
