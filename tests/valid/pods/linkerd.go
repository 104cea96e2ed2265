package pods

// Linkerd is what the profile linkerd injects, and annotations that it reads.
func Linkerd() Sidecar {
	switches, badSwitches := []string{"true", "false", ""}, []string{"maybe"}
	ports, badPorts := []string{"", "80", "80,8080-8090", "9090,"}, []string{"80-", "90-80", "80,,81", "70000", "0"}
	amounts, badAmounts := []string{"100m", "0.1", "1", "1000m", "2", "4", "64Mi", "512Mi", "2Gi", "0"}, []string{"-1", "much", "1 Gi"}
	durations, badDurations := []string{"1s", "0.5s", "1m30s"}, []string{"-1s", "30", "soon"}
	return Sidecar{
		Containers: []string{"linkerd-proxy", "linkerd-init", "linkerd-debug", "linkerd-network-validator"},
		Ports:      []int64{4140, 4143, 4190, 4191, 3306},
		PortNames:  []string{"linkerd-proxy", "linkerd-admin", "mysql"},
		Volumes:    []string{"linkerd-identity-end-entity", "linkerd-identity-token", "linkerd-proxy-init-xtables-lock"},
		MountPaths: []string{"/var/run/secrets/tokens", "/var/run/linkerd/identity/end-entity", "/run"},
		Users:      []int64{2102, 65534},
		Annotations: []Annotation{
			{Key: "config.linkerd.io/proxy-enable-native-sidecar", Good: switches, Bad: badSwitches},
			{Key: "config.linkerd.io/enable-debug-sidecar", Good: switches, Bad: badSwitches},
			{Key: "config.linkerd.io/proxy-await", Good: []string{"enabled", "disabled"}, Bad: badSwitches},
			{Key: "config.linkerd.io/proxy-cpu-request", Good: amounts[:6], Bad: badAmounts},
			{Key: "config.linkerd.io/proxy-cpu-limit", Good: amounts[:6], Bad: badAmounts},
			{Key: "config.linkerd.io/proxy-memory-request", Good: amounts[6:], Bad: badAmounts},
			{Key: "config.linkerd.io/proxy-memory-limit", Good: amounts[6:], Bad: badAmounts},
			{Key: "config.linkerd.io/proxy-image", Good: []string{"example.com/proxy", ""}, Bad: []string{" ", "example.com/ proxy"}},
			{Key: "config.linkerd.io/proxy-version", Good: []string{"v1", ""}, Bad: []string{"v 1"}},
			{Key: "config.linkerd.io/image-pull-policy", Good: []string{"Always", ""}, Bad: []string{"always"}},
			{Key: "config.linkerd.io/admin-port", Good: []string{"4191", "9999"}, Bad: badPorts},
			{Key: "config.linkerd.io/inbound-port", Good: []string{"4143", "9998"}, Bad: badPorts},
			{Key: "config.linkerd.io/proxy-uid", Good: []string{"2102", "1"}, Bad: []string{"0", "-1", "root"}},
			{Key: "config.linkerd.io/proxy-gid", Good: []string{"-1", "0", "7"}, Bad: []string{"-2", "root"}},
			{Key: "config.linkerd.io/opaque-ports", Good: append([]string{"mysql", "http"}, ports...), Bad: badPorts},
			{Key: "config.linkerd.io/skip-inbound-ports", Good: ports, Bad: badPorts},
			{Key: "config.linkerd.io/skip-outbound-ports", Good: ports, Bad: badPorts},
			{Key: "config.linkerd.io/skip-subnets", Good: []string{"", "10.0.0.0/8"}, Bad: []string{"10.0.0.0", "all"}},
			{Key: "config.linkerd.io/shutdown-grace-period", Good: durations, Bad: badDurations},
			{Key: "config.linkerd.io/proxy-outbound-connect-timeout", Good: durations, Bad: badDurations},
			{Key: "config.linkerd.io/proxy-additional-env", Good: []string{"", "[]", `[{"name":"A","value":"b"}]`}, Bad: []string{"{}", `[{"nam":"A"}]`}},
			{Key: "config.linkerd.io/access-log", Good: []string{"", "json"}, Bad: []string{"xml"}},
			{Key: "config.alpha.linkerd.io/proxy-wait-before-exit-seconds", Good: []string{"0", "5"}, Bad: []string{"-1", "5s"}},
		},
	}
}
