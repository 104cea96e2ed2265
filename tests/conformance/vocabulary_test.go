package conformance

// word is a label or an annotation with values that it is given.
type word struct {
	key string
	// valid values are taken by Istio, invalid ones may be refused.
	valid, invalid []string
}

// annotationWords are the annotations that Istio's injector or its templates read.
func annotationWords() []word {
	switches := []string{"true", "false"}
	seconds, badSeconds := []string{"0", "1", "30"}, []string{"-1", "1.5", "soon"}
	ports, badPorts := []string{"", "80", "80,8080", "9090, 9091"}, []string{"http", "80-90", "80,,81", "70000"}
	ranges, badRanges := []string{"*", "10.0.0.0/8", "10.0.0.0/8,192.168.0.0/16"}, []string{"10.0.0.0", "all"}
	return []word{
		{"sidecar.istio.io/inject", []string{"true", "false", "yes"}, nil},
		{"sidecar.istio.io/nativeSidecar", switches, []string{"yes", ""}},
		{"inject.istio.io/templates", []string{"sidecar", "gateway", "grpc-agent", "sidecar,sidecar"}, []string{"absent", ""}},
		{"sidecar.istio.io/proxyImage", []string{"example.com/proxy:1", "proxy"}, nil},
		{"sidecar.istio.io/proxyImageType", []string{"distroless", "debug", "default"}, nil},
		{"sidecar.istio.io/proxyCPU", []string{"100m", "2"}, []string{"much"}},
		{"sidecar.istio.io/proxyMemory", []string{"128Mi", "1Gi"}, []string{"1 GB"}},
		{"sidecar.istio.io/proxyCPULimit", []string{"1", "2500m"}, []string{"-"}},
		{"sidecar.istio.io/proxyMemoryLimit", []string{"1Gi", "2Gi"}, []string{"Gi"}},
		{"sidecar.istio.io/interceptionMode", []string{"REDIRECT", "TPROXY", "NONE"}, []string{"redirect", ""}},
		{"traffic.sidecar.istio.io/includeOutboundIPRanges", ranges, badRanges},
		{"traffic.sidecar.istio.io/excludeOutboundIPRanges", []string{"", "10.1.0.0/16"}, badRanges},
		{"traffic.sidecar.istio.io/includeInboundPorts", append([]string{"*"}, ports...), badPorts},
		{"traffic.sidecar.istio.io/excludeInboundPorts", append([]string{"15020"}, ports...), badPorts},
		{"traffic.sidecar.istio.io/includeOutboundPorts", ports, nil},
		{"traffic.sidecar.istio.io/excludeOutboundPorts", ports, badPorts},
		{"traffic.sidecar.istio.io/excludeInterfaces", []string{"eth1", "eth1,net0"}, []string{"eth/1"}},
		{"traffic.sidecar.istio.io/kubevirtInterfaces", []string{"net1", "net1,net2"}, []string{"a name that is much too long"}},
		{"istio.io/reroute-virtual-interfaces", []string{"net1", "net3"}, nil},
		{"status.sidecar.istio.io/port", []string{"0", "15020", "15099"}, []string{"status", ""}},
		{"readiness.status.sidecar.istio.io/initialDelaySeconds", seconds, badSeconds},
		{"readiness.status.sidecar.istio.io/periodSeconds", seconds, badSeconds},
		{"readiness.status.sidecar.istio.io/failureThreshold", seconds, badSeconds},
		{"sidecar.istio.io/rewriteAppHTTPProbers", switches, []string{"maybe", ""}},
		{"sidecar.istio.io/logLevel", []string{"debug", "info"}, nil},
		{"sidecar.istio.io/componentLogLevel", []string{"misc:error", "http:debug,grpc:info", ""}, nil},
		{"sidecar.istio.io/agentLogLevel", []string{"default:info", "all:debug"}, nil},
		{"proxy.istio.io/config", []string{
			"concurrency: 4", "holdApplicationUntilProxyStarts: true", "{}", "interceptionMode: TPROXY",
			"proxyMetadata:\n  MY_SETTING: \"on\"\n  ANOTHER: some text", "tracing:\n  sampling: 12.5\nterminationDrainDuration: 20s",
			"image:\n  imageType: distroless", "statusPort: 15021", "proxyMetadata: {ISTIO_META_ENABLE_HBONE: \"true\"}",
		}, []string{"unknown: 1", "concurrency: many", "not an object"}},
		{"sidecar.istio.io/bootstrapOverride", []string{"my-bootstrap"}, nil},
		{"sidecar.istio.io/userVolume", []string{
			`{"mine":{"emptyDir":{}}}`, `{"certs":{"secret":{"secretName":"certs"}},"more":{"configMap":{"name":"more"}}}`,
		}, []string{"none", "[]"}},
		{"sidecar.istio.io/userVolumeMount", []string{`{"mine":{"mountPath":"/mine","readOnly":true}}`}, []string{"none"}},
		{"sidecar.istio.io/capNetBindService", switches, []string{"yes"}},
		{"prometheus.istio.io/merge-metrics", switches, []string{"sometimes"}},
		{"prometheus.istio.io/scrape-targets", []string{"9090:/metrics", "9090:/metrics, 9091:/stats", ":/metrics"}, []string{"metrics", "15020:/x"}},
		{"prometheus.istio.io/secure-port", []string{"15443"}, nil},
		{"prometheus.io/scrape", switches, []string{"yes"}},
		{"prometheus.io/port", []string{"8080", "9090", "15020"}, []string{"metrics"}},
		{"prometheus.io/path", []string{"/metrics", "/stats"}, nil},
		{"prometheus.io.scrape", switches, nil},
		{"k8s.v1.cni.cncf.io/networks", []string{"macvlan", "macvlan, other", `[{"name":"macvlan"}]`, "default/istio-cni"}, []string{"[broken]"}},
		{"kubectl.kubernetes.io/default-container", []string{"app", "other"}, nil},
		{"kubectl.kubernetes.io/default-logs-container", []string{"app"}, nil},
		{"resource.opentelemetry.io/service.namespace", []string{"shop"}, nil},
		{"resource.opentelemetry.io/service.version", []string{"2.1"}, nil},
		{"resource.opentelemetry.io/service.instance.id", []string{"instance-1"}, nil},
		{"apm.datadoghq.com/env", []string{`{"DD_ENV":"prod","DD_SERVICE":"shop"}`}, nil},
		{istiosStatus, []string{
			`{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["istio-data","istio-envoy"],"imagePullSecrets":null,"revision":"default"}`,
			`{"initContainers":["istio-init","istio-proxy"],"containers":null,"volumes":["data"],"imagePullSecrets":["mine"]}`, `{}`,
		}, []string{"not JSON"}},
		{"example.com/team", []string{"shop", "a: b # c", "line\nbreak"}, nil},
	}
}

// labelWords are the labels that Istio's injector or its templates read.
func labelWords() []word {
	return []word{
		{"sidecar.istio.io/inject", []string{"true", "false", "yes"}, nil},
		{"app", []string{"shop", "front-end"}, nil},
		{"version", []string{"v1", "1.2"}, nil},
		{"app.kubernetes.io/name", []string{"shop-backend"}, nil},
		{"app.kubernetes.io/version", []string{"2024", "v2"}, nil},
		{"service.istio.io/canonical-name", []string{"canonical"}, nil},
		{"service.istio.io/canonical-revision", []string{"3"}, nil},
		{"service.istio.io/workload-name", []string{"workload"}, nil},
		{"security.istio.io/tlsMode", []string{"disabled", "istio"}, nil},
		{"networking.istio.io/tunnel", []string{"none"}, nil},
		{"topology.istio.io/network", []string{"network-2"}, nil},
		{"istio.io/rev", []string{"default", "canary"}, nil},
	}
}
