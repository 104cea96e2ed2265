package conformance

// container makes one of the application's containers.
func (g generator) container(name string) map[string]any {
	c := map[string]any{"name": name, "image": pick(g, "app:1.2", "example.com/app@sha256:abc", "example.com:5000/app", "app:2@sha256:def")}
	set := func(percent int, field string, value any) {
		if g.chance(percent) {
			c[field] = value
		}
	}
	set(70, "ports", g.ports())
	set(30, "readinessProbe", g.probe())
	set(30, "livenessProbe", g.probe())
	set(20, "startupProbe", g.probe())
	set(20, "env", []any{
		map[string]any{"name": "PLAIN", "value": "text"},
		map[string]any{"name": "POD", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.name"}}},
	})
	set(20, "volumeMounts", []any{map[string]any{"name": "data", "mountPath": "/data"}})
	set(20, "resources", map[string]any{"limits": map[string]any{"cpu": "500m"}})
	set(15, "securityContext", map[string]any{"runAsUser": pick(g, int64(1000), int64(1337))})
	set(10, "command", []any{"sleep", "infinity"})
	set(10, "lifecycle", g.lifecycle())
	return c
}

func (g generator) ports() []any {
	var ports []any
	for _, port := range []map[string]any{
		{"containerPort": int64(8080), "name": "http"},
		{"containerPort": int64(9090), "name": "metrics", "protocol": "TCP"},
		{"containerPort": int64(53), "protocol": "UDP"},
		{"containerPort": int64(443), "hostPort": int64(443), "name": "tls"},
	} {
		if g.chance(50) {
			ports = append(ports, port)
		}
	}
	return ports
}

// probe makes a probe of any kind.
func (g generator) probe() map[string]any {
	probe := map[string]any{}
	port := pick[any](g, int64(8080), "http", "absent", int64(15021))
	switch g.IntN(7) {
	case 0, 1:
		get := map[string]any{"port": port, "path": pick(g, "/healthz", "ready", "")}
		if g.chance(30) {
			get["scheme"] = pick(g, "HTTPS", "HTTP")
		}
		if g.chance(20) {
			get["httpHeaders"] = []any{map[string]any{"name": "Host", "value": "example.com"}}
		}
		if g.chance(10) {
			get["host"] = pick(g, "127.0.0.1", "example.com")
		}
		probe["httpGet"] = get
	case 2, 3:
		probe["tcpSocket"] = map[string]any{"port": port}
	case 4:
		grpc := map[string]any{"port": int64(9090)}
		if g.chance(50) {
			grpc["service"] = "health"
		}
		probe["grpc"] = grpc
	default:
		probe["exec"] = map[string]any{"command": []any{"true"}}
	}
	for _, field := range []string{"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"} {
		if g.chance(30) {
			probe[field] = int64(1 + g.IntN(20))
		}
	}
	return probe
}

func (g generator) lifecycle() map[string]any {
	hook := pick(g,
		map[string]any{"exec": map[string]any{"command": []any{"true"}}},
		map[string]any{"httpGet": map[string]any{"port": int64(8080), "path": "/bye"}})
	return map[string]any{pick(g, "preStop", "postStart"): hook}
}

// override makes what a user writes to have the sidecar otherwise.
func (g generator) override() map[string]any {
	c := map[string]any{"name": "istio-proxy", "image": pick(g, "auto", "auto", "example.com/my-proxy:1")}
	set := func(percent int, field string, value any) {
		if g.chance(percent) {
			c[field] = value
		}
	}
	set(30, "resources", map[string]any{"requests": map[string]any{"cpu": "10m"}, "limits": map[string]any{"memory": "64Mi"}})
	set(30, "securityContext", pick(g,
		map[string]any{"runAsUser": int64(4242)},
		map[string]any{"runAsUser": int64(0), "runAsGroup": int64(0)},
		map[string]any{"privileged": true, "readOnlyRootFilesystem": false},
		map[string]any{"runAsGroup": int64(77)}))
	set(30, "env", pick(g,
		[]any{map[string]any{"name": "MINE", "value": "yes"}},
		[]any{map[string]any{"name": "ISTIO_META_CLUSTER_ID", "value": "mine"}},
		[]any{map[string]any{"name": "ENVOY_SECURE_MERGED_METRICS_PORT", "value": "15443"}}))
	set(15, "args", []any{"proxy", "sidecar", "--my-flag"})
	set(10, "command", []any{"/my/agent"})
	set(15, "volumeMounts", []any{map[string]any{"name": "certs", "mountPath": "/etc/certs"}})
	set(15, "ports", []any{map[string]any{"containerPort": int64(15443), "name": "extra"}})
	set(10, "lifecycle", g.lifecycle())
	set(10, "readinessProbe", g.probe())
	set(10, "livenessProbe", g.probe())
	set(10, "startupProbe", g.probe())
	set(5, "restartPolicy", "Always")
	set(10, "imagePullPolicy", "Always")
	return c
}
