package matrix

// Set is a set of values of the chart.
type Set struct {
	// Values are in YAML.
	Values string
	// Refused is what Helm's error says; empty: the set is good.
	Refused string
}

// Sets are the sets of values, by what they are for. A value that nothing else depends on stands with others in one set. Of other
// namespaces than the release's, the API server of the tests has the one named elsewhere.
func Sets() map[string]Set {
	return map[string]Set{
		"nothing": {"", ""},
		"every list, map and text": {`
replicas: 3
global: {imageRegistry: "mirror.example:5000/hub", of: another chart}
image: {tag: v1, pullPolicy: Always}
imagePullSecrets: [{name: registry}]
excludedNamespaces: [fenced]
service: {annotations: {a.example.com/b: "true"}}
serviceAccount: {annotations: {a.example.com/b: "true"}}
extraArgs: [--log-level=debug]
priorityClassName: system-cluster-critical
nodeSelector: {disk: ssd}
tolerations: [{key: a, operator: Exists}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: zone}}]}}
topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]
podAnnotations: {a.example.com/b: "1"}
podLabels: {team: mesh}
podDisruptionBudget: {maxUnavailable: 50%}
`, ""},
		"a digest, and nothing that can be left out": {`
image: {digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
podDisruptionBudget: {enabled: false}
metrics: {enabled: false}
admissionPolicy: {enabled: false}
namespace: {create: true}
test: {enabled: false}
configValidation: {enabled: false}
ownerEvents: {enabled: false}
`, ""},
		"an audit now and then": {"audit: {enabled: true, schedule: '@daily', pushGateway: 'http://pushgateway:9091', resources: {limits: {memory: 1Gi}}}\nimagePullSecrets: [{name: registry}]\ntolerations: [{operator: Exists}]", ""},
		"an audit of a mesh":    {"audit: {enabled: true}\nconfig: {profile: istio}\nistio: {namespace: elsewhere}", ""},
		"other networks": {`
hostNetwork: true
dnsPolicy: Default
ports: {webhook: 10260, metrics: 10261, health: 10262}
namespace: {create: true}
`, ""},
		"one replica on the host's network": {"hostNetwork: true\nreplicas: 1", ""},
		"the port that GKE opens":           {"ports: {webhook: 10250}", ""},
		"network policy": {`
networkPolicy:
  enabled: true
  apiServerCIDRs: [10.0.0.0/28, "fd00::/64"]
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  egress: [{ports: [{port: 443}]}]
`, ""},
		"a webhook that is asked about less": {`
webhook:
  annotations: {a.example.com/b: "c"}
  namespaceSelector: {matchLabels: {team: shop}, matchExpressions: [{key: env, operator: In, values: [prod, test]}]}
  objectSelector: {matchExpressions: [{key: batch, operator: DoesNotExist}]}
  matchConditions: [{name: no-robots, expression: 'request.userInfo.username != "robot"'}]
requireSidecar: {enabled: true, actions: [Warn, Audit]}
timeoutSeconds: 10
failurePolicy: Ignore
`, ""},
		"labels, annotations, volumes": {`
commonLabels: {owner: mesh-team}
deploymentAnnotations: {a.example.com/reload: "true"}
extraEnv: [{name: GODEBUG, value: http2debug=1}]
extraVolumes: [{name: pair, secret: {secretName: pair}}]
extraVolumeMounts: [{name: pair, mountPath: /pair, readOnly: true}]
extraArgs: [--tls-dir=/pair]
`, ""},
		"volumes beside those of a client CA": {`
clientCA: {secret: clients, allowedNames: [kube-apiserver]}
extraVolumes: [{name: more, emptyDir: {}}]
extraVolumeMounts: [{name: more, mountPath: /more}]
`, ""},
		"an account of one's own":              {"serviceAccount: {create: false, name: mine}", ""},
		"an account with a name":               {"serviceAccount: {name: mine}", ""},
		"an autoscaler":                        {"autoscaling: {enabled: true, minReplicas: 3, maxReplicas: 3}", ""},
		"an issuer of one's own":               {"certificate: {issuerRef: {name: corporate, kind: ClusterIssuer}, ca: {duration: 1h, renewBefore: 1h}}\ntest: {admission: false}", ""},
		"certificates of an hour and a half":   {"certificate: {duration: 1h30m, renewBefore: 89.5m, caBundleOwner: cainjector, tlsMinVersion: '1.2', ipAddresses: [10.0.0.1]}", ""},
		"the profile linkerd":                  {"config: {profile: linkerd, everyPod: true}\nvalues: {proxy: {logLevel: debug}}\nsources: {namespace: elsewhere}\nrequireSidecar: {enabled: true}", ""},
		"the profile linkerd, no sources":      {"config: {profile: linkerd}\nsources: {enabled: false}", ""},
		"the profile consul":                   {"config: {profile: consul}\nvalues: {consul: {grpcPort: 8503}}", ""},
		"the profile istio, with its values":   {"config: {profile: istio, podPolicy: {privilegedContainers: protected}}\nvalues: {global: {anything: 1}}\nistio: {namespace: elsewhere, revision: v1, openShift: true}", ""},
		"a dashboard":                          {"monitoring: {dashboard: {enabled: true, labels: {grafana: here}, annotations: {grafana_folder: Platform}}}", ""},
		"a canary":                             {"config: {revision: canary, revisionTags: [next]}\nallowOverlap: true", ""},
		"configuration of every kind":          {"config: {policy: disabled, onError: allow, namespaceLabel: example.com/mesh=on, markSkipped: true, neverInjectSelector: [{matchExpressions: [{key: a, operator: Exists}]}]}", ""},
		"values that are left open":            {"values: {proxy: {resources: {limits: {example.com/fast: 1, cpu: null}}}, tracing: {samplingPercent: 0.5}}", ""},
		"a profile of one's own, and its name": {"profile: {profile.yaml: '{name: mesh, keys: {inject: a/b, namespaceLabel: a/c, namespaceLabelValue: d, status: a/e}}'}\nconfig: {profile: mesh}\nvalues: {anything: 1}", ""},

		"a value that is not known":            {"replica: 1", "at '': additional properties 'replica' not allowed"},
		"a field of config that is not known":  {"config: {polcy: enabled}", "at '/config': additional properties 'polcy' not allowed"},
		"a value of config that is none":       {"config: {onError: ignore}", "at '/config/onError': value must be one of '', 'deny', 'allow'"},
		"a field of a selector, misspelt":      {"config: {neverInjectSelector: [{matchLabel: {a: b}}]}", "at '/config/neverInjectSelector/0': additional properties 'matchLabel' not allowed"},
		"a value of the profile, misspelt":     {"values: {proxy: {imag: a}}", "at '/values/proxy': additional properties 'imag' not allowed"},
		"a value of the profile of a type":     {"values: {proxy: {uid: root}}", "at '/values/proxy/uid': got string, want integer"},
		"a value of another profile":           {"config: {profile: linkerd}\nvalues: {capture: {}}", "at '/values': additional properties 'capture' not allowed"},
		"a profile that is not known":          {"config: {profile: kuma}", `config.profile "kuma" is not known, want one of consul, envoy, istio, linkerd, or an own one in profile`},
		"a renewal before the beginning":       {"certificate: {renewBefore: 720h}", "certificate.renewBefore 720h is not allowed, want less than certificate.duration 720h"},
		"a CA that is renewed too late":        {"certificate: {ca: {renewBefore: 43200m}}", "certificate.ca.renewBefore 43200m is not allowed, want more than certificate.duration 720h: no serving certificate may outlive its CA"},
		"a CA that is renewed all the time":    {"certificate: {ca: {duration: 1440h}}", "certificate.ca.renewBefore 1440h is not allowed, want less than certificate.ca.duration 1440h"},
		"a duration that is none":              {"certificate: {duration: 30d}", "at '/certificate/duration': '30d' does not match pattern"},
		"a port twice":                         {"ports: {webhook: 8081}", "ports.webhook 8081 is not allowed, want another port than ports.health"},
		"the kubelet's port":                   {"hostNetwork: true\nports: {webhook: 10250}", "ports.webhook 10250 is not allowed with hostNetwork, want another port: the kubelet has it"},
		"a port of root's":                     {"ports: {webhook: 443}", "at '/ports/webhook': minimum: got 443, want 1,024"},
		"an autoscaler upside down":            {"autoscaling: {enabled: true, minReplicas: 6}", "autoscaling.minReplicas 6 is not allowed, want at most autoscaling.maxReplicas 5"},
		"no account":                           {"serviceAccount: {create: false}", "serviceAccount.name is empty: without serviceAccount.create it has to name an account that is there"},
		"a label of the chart's":               {"commonLabels: {app.kubernetes.io/name: x}", `commonLabels: the label "app.kubernetes.io/name" is not allowed, want one that the chart and podLabels do not set`},
		"a label of the pods'":                 {"commonLabels: {team: mesh}\npodLabels: {team: shop}", `commonLabels: the label "team" is not allowed, want one that the chart and podLabels do not set`},
		"a condition with the name of another": {"webhook: {matchConditions: [{name: asked, expression: 'true'}]}", `webhook.matchConditions: the name "asked" is not allowed, want one that the chart's own conditions do not have`},
		"a selector that is none":              {"webhook: {objectSelector: {team: shop}}", "at '/webhook/objectSelector': additional properties 'team' not allowed"},
		"two monitors":                         {"monitoring: {podMonitor: {enabled: true}, serviceMonitor: {enabled: true}}", "monitoring.podMonitor and monitoring.serviceMonitor are both enabled: every replica would be scraped twice"},
		"a monitor of nothing":                 {"metrics: {enabled: false}\nmonitoring: {podMonitor: {enabled: true}}", "monitoring.podMonitor and monitoring.serviceMonitor need metrics.enabled"},
		"an interval that is none":             {"monitoring: {podMonitor: {interval: often}}", "at '/monitoring/podMonitor/interval': 'often' does not match pattern"},
		"two sources of a client CA":           {"clientCA: {configMap: a, secret: b}", "at '/clientCA': 'not' failed"},
	}
}
