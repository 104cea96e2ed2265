package simulate

// Specs of example pods. Each has everything that the rows which share it look at.
const (
	plainExample = `{containers: [{name: app, image: "app:1"}], initContainers: [{name: init, image: init}]}`

	portExample = `{containers: [{name: app, image: app, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}]}`

	probeExample = `
containers:
- name: app
  image: app
  readinessProbe: {httpGet: {port: 80}}
  livenessProbe: {grpc: {port: 80}}
  startupProbe: {tcpSocket: {port: 80}}
  lifecycle: {postStart: {httpGet: {port: 80}}, preStop: {httpGet: {port: 80}}}
`

	fieldRefExample = `
containers:
- name: app
  image: app
  env:
  - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
volumes:
- name: plain
  downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}, {path: cpu, resourceFieldRef: {containerName: app, resource: limits.cpu}}]}
- name: projected
  projected: {sources: [{downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}, {path: cpu, resourceFieldRef: {containerName: app, resource: limits.cpu}}]}}]}
`

	volumeExample = `
containers: [{name: app, image: app}]
volumes:
- {name: none}
- {name: secret, secret: {secretName: a}}
- {name: config, configMap: {name: a}}
- {name: down, downwardAPI: {items: []}}
- {name: projected, projected: {sources: [{serviceAccountToken: {path: token}}]}}
- {name: host, hostPath: {path: /tmp}}
- {name: image, image: {reference: "data:1"}}
- {name: claim, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}
`

	limitsExample = `{containers: [{name: app, image: app, resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 50m}}}]}`

	hostNetworkExample = `{hostNetwork: true, containers: [{name: app, image: app, ports: [{containerPort: 80}]}]}`

	accountExample = `{serviceAccount: default, containers: [{name: app, image: app}]}`
)

// everyContainer appends a path to those of init containers and containers.
func everyContainer(paths ...string) []string {
	var result []string
	for _, path := range paths {
		if path != "" {
			path = "." + path
		}
		result = append(result, "spec.initContainers.*"+path, "spec.containers.*"+path)
	}
	return result
}

// defaultsTable makes the rows: first the defaulting of the API types, then the admission plug-ins ServiceAccount,
// Priority and DefaultTolerationSeconds, which all come before the webhooks.
func defaultsTable() []Default {
	var (
		spec    = []string{"spec"}
		probes  = everyContainer("readinessProbe", "livenessProbe", "startupProbe")
		grpc    = everyContainer("readinessProbe.grpc", "livenessProbe.grpc", "startupProbe.grpc")
		httpGet = append(everyContainer("readinessProbe.httpGet", "livenessProbe.httpGet", "startupProbe.httpGet"),
			everyContainer("lifecycle.postStart.httpGet", "lifecycle.preStop.httpGet")...)
		fieldRefs = append(everyContainer("env.*.valueFrom.fieldRef"),
			"spec.volumes.*.downwardAPI.items.*.fieldRef", "spec.volumes.*.projected.sources.*.downwardAPI.items.*.fieldRef")
		resourceFieldRefs = append(everyContainer("env.*.valueFrom.resourceFieldRef"),
			"spec.volumes.*.downwardAPI.items.*.resourceFieldRef", "spec.volumes.*.projected.sources.*.downwardAPI.items.*.resourceFieldRef")
		files = []string{"spec.volumes.*.secret", "spec.volumes.*.configMap", "spec.volumes.*.downwardAPI", "spec.volumes.*.projected"}
	)
	return []Default{
		{"image pull policy", everyContainer(""), "imagePullPolicy", pullPolicyOf("image"), plainExample},
		{"termination message path", everyContainer(""), "terminationMessagePath", fixedUnlessSet("/dev/termination-log"), plainExample},
		{"termination message policy", everyContainer(""), "terminationMessagePolicy", fixedUnlessSet("File"), plainExample},
		{"resources", everyContainer(""), "resources", fixed(map[string]any{}), plainExample},
		{"requests from limits", everyContainer("resources"), "requests", requestsFromLimits, limitsExample},
		{"port protocol", everyContainer("ports.*"), "protocol", fixedUnlessSet("TCP"), portExample},
		{"host port", everyContainer("ports.*"), "hostPort", hostPort, hostNetworkExample},
		{"probe timeout", probes, "timeoutSeconds", fixedUnlessSet(int64(1)), probeExample},
		{"probe period", probes, "periodSeconds", fixedUnlessSet(int64(10)), probeExample},
		{"probe success threshold", probes, "successThreshold", fixedUnlessSet(int64(1)), probeExample},
		{"probe failure threshold", probes, "failureThreshold", fixedUnlessSet(int64(3)), probeExample},
		{"gRPC probe service", grpc, "service", fixed(""), probeExample},
		{"HTTP path", httpGet, "path", fixedUnlessSet("/"), probeExample},
		{"HTTP scheme", httpGet, "scheme", fixedUnlessSet("HTTP"), probeExample},
		{"field reference version", fieldRefs, "apiVersion", fixedUnlessSet("v1"), fieldRefExample},
		{"resource reference divisor", resourceFieldRefs, "divisor", fixed("0"), fieldRefExample},

		{"volume without source", []string{"spec.volumes.*"}, "emptyDir", emptyDir, volumeExample},
		{"volume file mode", files, "defaultMode", fixed(int64(0o644)), volumeExample},
		{"projected token expiry", []string{"spec.volumes.*.projected.sources.*.serviceAccountToken"}, "expirationSeconds", fixed(int64(3600)), volumeExample},
		{"host path type", []string{"spec.volumes.*.hostPath"}, "type", fixed(""), volumeExample},
		{"image volume pull policy", []string{"spec.volumes.*.image"}, "pullPolicy", pullPolicyOf("reference"), volumeExample},
		{"claim volume mode", []string{"spec.volumes.*.ephemeral.volumeClaimTemplate.spec"}, "volumeMode", fixed("Filesystem"), volumeExample},

		{"DNS policy", spec, "dnsPolicy", fixedUnlessSet("ClusterFirst"), plainExample},
		{"restart policy", spec, "restartPolicy", fixedUnlessSet("Always"), plainExample},
		{"pod security context", spec, "securityContext", fixed(map[string]any{}), plainExample},
		{"termination grace period", spec, "terminationGracePeriodSeconds", fixed(int64(30)), plainExample},
		{"scheduler", spec, "schedulerName", fixedUnlessSet("default-scheduler"), plainExample},
		{"service links", spec, "enableServiceLinks", fixed(true), plainExample},

		{"service account name", spec, "serviceAccountName", serviceAccountName, accountExample},
		{"service account", spec, "serviceAccount", serviceAccount, plainExample},
		{"service account token mount", everyContainer(""), "volumeMounts", tokenMount, plainExample},
		{"service account token volume", spec, "volumes", tokenVolume, plainExample},
		{"priority", spec, "priority", withoutClass(int64(0)), plainExample},
		{"preemption policy", spec, "preemptionPolicy", withoutClass("PreemptLowerPriority"), plainExample},
		{"tolerations", spec, "tolerations", tolerations, plainExample},
	}
}
