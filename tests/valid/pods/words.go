package pods

import (
	"maps"
	"slices"
	"strings"
)

// labelKeys are keys of maps of strings.
var labelKeys = []string{"app", "tier", "example.com/zone", "kubernetes.io/os"}

// anything stands in fields that have no words of their own.
var anything = []string{"app", "data", "web-1", "a.b", "default"}

// leftOut, among words, leaves the field out.
const leftOut = ""

// words are what stands in a field, by its name, or by its name and that of the field above.
var words = map[string][]string{
	"image":                        {"example.com/app:1", "nginx", "registry.k8s.io/pause:3.10"},
	"env.name":                     {"PORT", "DEBUG", "SIDECAR_CPU_LIMIT", "a.b-c"},
	"value":                        {"1", "on", "a: b # c", "$(PORT)", "x\ny", "null", "010"},
	"command":                      {"/app", "sh", "-c", "sleep 1", "$(PORT)"},
	"args":                         {"--verbose", "--port=$(PORT)", "{{ .Values }}", ""},
	"workingDir":                   {"/", "/work"},
	"imagePullPolicy":              {"Always", "IfNotPresent", "Never", leftOut},
	"terminationMessagePath":       {leftOut, leftOut, "/dev/termination-log", "/tmp/end"},
	"terminationMessagePolicy":     {leftOut, "File", "FallbackToLogsOnError"},
	"spec.restartPolicy":           {leftOut, leftOut, "Always", "OnFailure", "Never"},
	"initContainers.restartPolicy": {leftOut, leftOut, "Always", "Never", "OnFailure"},
	"containers.restartPolicy":     {leftOut, leftOut, leftOut, "Always", "Never", "OnFailure"},
	"resizePolicy.restartPolicy":   {"NotRequired", "RestartContainer"},
	"resourceName":                 {"cpu", "memory"},
	"action":                       {"Restart", "RestartAllContainers"},
	"exitCodes.operator":           {"In", "NotIn"},
	"tolerations.operator":         {"Exists", "Equal", leftOut},
	"operator":                     {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"},
	"effect":                       {"NoSchedule", "PreferNoSchedule", "NoExecute", leftOut},
	"tolerations.key":              {"node.kubernetes.io/not-ready", "example.com/dedicated", leftOut},
	"matchExpressions.key":         {"kubernetes.io/hostname", "example.com/zone"},
	"matchExpressions.values":      {"1", "2"},
	"topologyKey":                  {"kubernetes.io/hostname", "topology.kubernetes.io/zone"},
	"matchLabelKeys":               {"pod-template-hash", "example.com/zone"},
	"mismatchLabelKeys":            {"controller-revision-hash"},
	"matchFields.key":              {"metadata.name"},
	"matchFields.operator":         {"In", "NotIn"},
	"whenUnsatisfiable":            {"DoNotSchedule", "ScheduleAnyway"},
	"nodeAffinityPolicy":           {"Honor", "Ignore"},
	"nodeTaintsPolicy":             {"Honor", "Ignore"},
	"dnsPolicy":                    {leftOut, "ClusterFirst", "Default", "None", "ClusterFirstWithHostNet"},
	"nameservers":                  {"10.0.0.10", "fd00::a"},
	"searches":                     {"example.com", "svc.cluster.local"},
	"hostAliases.ip":               {"10.1.2.3", "fd00::1"},
	"hostnames":                    {"db.example.com", "cache"},
	"hostIP":                       {leftOut, leftOut, "127.0.0.1", "10.1.2.3"},
	"host":                         {leftOut, leftOut, "127.0.0.1", "example.com"},
	"protocol":                     {"TCP", "TCP", "UDP", "SCTP", leftOut},
	"scheme":                       {leftOut, "HTTP", "HTTPS"},
	"httpHeaders.name":             {"X-Probe", "Host"},
	"httpGet.path":                 {leftOut, "/", "/healthz?full=1"},
	"grpc.service":                 {leftOut, "shop.Cart"},
	"mode":                         {"TLS", "Plaintext", leftOut},
	"preemptionPolicy":             {"PreemptLowerPriority"},
	"priorityClassName":            {leftOut},
	"runtimeClassName":             {"gvisor"},
	"schedulerName":                {leftOut, "default-scheduler", "mine"},
	"serviceAccountName":           {leftOut, "default", "robot"},
	"serviceAccount":               {leftOut},
	"nodeName":                     {leftOut, leftOut, "node-1"},
	"hostname":                     {leftOut, "web"},
	"subdomain":                    {leftOut, "shop"},
	"hostnameOverride":             {"web.example.com"},
	"conditionType":                {"example.com/ready"},
	"os.name":                      {"linux", "linux", "windows"},
	"podGroupName":                 {"group"},
	"fsGroupChangePolicy":          {"Always", "OnRootMismatch"},
	"supplementalGroupsPolicy":     {"Merge", "Strict"},
	"seLinuxChangePolicy":          {"MountOption", "Recursive"},
	"seccompProfile.type":          {"RuntimeDefault", "Unconfined", "Localhost"},
	"appArmorProfile.type":         {"RuntimeDefault", "Unconfined", "Localhost"},
	"localhostProfile":             {"profiles/app.json"},
	"procMount":                    {"Default", "Unmasked"},
	"add":                          {"NET_ADMIN", "NET_BIND_SERVICE", "SYS_TIME"},
	"drop":                         {"ALL", "NET_RAW"},
	"sysctls.name":                 {"net.ipv4.ip_local_port_range", "kernel.shm_rmid_forced"},
	"sysctls.value":                {"1024 65000", "1"},
	"stopSignal":                   {"SIGTERM", "SIGUSR1"},
	"mountPath":                    {"/data", "/etc/config", "/var/log", "/cache"},
	"devicePath":                   {"/dev/xvda", "/dev/sdb"},
	"subPath":                      {leftOut, leftOut, "sub/path"},
	"subPathExpr":                  {leftOut, leftOut, "$(PORT)/logs"},
	"mountPropagation":             {"None", "HostToContainer"},
	"recursiveReadOnly":            {"Disabled", "IfPossible"},
	"bindMountOptions":             {"noexec", "nosuid"},
	"fieldRef.apiVersion":          {leftOut, "v1"},
	"fieldPath":                    {"metadata.name", "metadata.namespace", "metadata.labels['app']", "status.podIP", "spec.nodeName", "metadata.annotations"},
	"resource":                     {"limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "requests.ephemeral-storage"},
	"containerName":                {leftOut, "app"},
	"fileKeyRef.volumeName":        {"data", "cache"},
	"fileKeyRef.path":              {"file.env"},
	"rbd.monitors":                 {"10.0.0.2:6789"},
	"datasetName":                  {"set"}, "datasetUUID": {leftOut},
	"initiatorName":          {leftOut, "iqn.2001-04.com.example:init"},
	"envFrom.prefix":         {leftOut, "CONFIG_"},
	"hostPath.path":          {"/var/lib/data", "/dev/sdb"},
	"hostPath.type":          {leftOut, "Directory", "DirectoryOrCreate", "File", "Socket"},
	"items.path":             {"file", "dir/file"},
	"medium":                 {leftOut, "Memory", "HugePages"},
	"fsType":                 {leftOut, "ext4"},
	"path":                   {"file", "bundle.pem", "/exports", "dir/file"},
	"cachingMode":            {"None", "ReadOnly", "ReadWrite"},
	"azureDisk.kind":         {"Shared", "Dedicated", "Managed"},
	"diskURI":                {"https://account.blob.core.windows.net/disk", "/subscriptions/s/disk"},
	"portals":                {"10.0.0.2:3260"},
	"targetPortal":           {"10.0.0.2:3260"},
	"iqn":                    {"iqn.2001-04.com.example:storage.kube.sys1.xyz"},
	"registry":               {"quobyte.example.com:7861"},
	"storageMode":            {"ThinProvisioned", "ThickProvisioned"},
	"targetWWNs":             {"500a0982991b8dc5"},
	"wwids":                  {leftOut},
	"accessModes":            {"ReadWriteOnce", "ReadOnlyMany"},
	"volumeMode":             {"Filesystem", "Block"},
	"volumeName":             {leftOut, "data"},
	"dataSource.kind":        {"PersistentVolumeClaim"},
	"dataSource.apiGroup":    {leftOut},
	"dataSourceRef.kind":     {"PersistentVolumeClaim"},
	"dataSourceRef.apiGroup": {leftOut},
	"pullPolicy":             {leftOut, "Always", "IfNotPresent"},
	"reference":              {"example.com/artifact:1"},
	"signerName":             {"example.com/signer"},
	"keyType":                {"ED25519", "ECDSAP256", "RSA3072"},
	"credentialBundlePath":   {leftOut, "bundle.pem"},
	"keyPath":                {leftOut, "key.pem"},
	"certificateChainPath":   {leftOut, "chain.pem"},
	"audience":               {leftOut, "api"},
	"gmsaCredentialSpecName": {"gmsa"},
	"runAsUserName":          {"ContainerUser"},
	"user":                   {"admin"},
}

// quantities are amounts, each spelled in more than one way.
var quantities = []string{"0", "1", "2", "2000m", "100m", "0.1", "1.5", "1500m", "1024Mi", "1Gi", "64Mi", "1e3", "1k", "0.5Gi", "10", "1M"}

// wholeQuantities are those that resources have that are not to be had in parts.
var wholeQuantities = []string{"1", "2", "1k", "1e3"}

// walk puts words and numbers into the shape of an object.
func (m *builder) walk(object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		m.path = append(m.path, key)
		if value := m.value(object[key]); value == leftOut {
			delete(object, key)
		} else {
			object[key] = value
		}
		m.path = m.path[:len(m.path)-1]
	}
}

func (m *builder) value(value any) any {
	switch value := value.(type) {
	case map[string]any:
		m.walk(value)
	case []any:
		for i := range value {
			value[i] = m.value(value[i])
		}
	case string:
		return m.word()
	case int64:
		return m.number()
	case bool:
		return value && m.above(0) != "hostProcess" // which the API server forbids by default
	}
	return value
}

// above returns the name of the field that is so many levels above the value, "" above all.
func (m *builder) above(levels int) string {
	if len(m.path) <= levels {
		return "spec"
	}
	return m.path[len(m.path)-1-levels]
}

// word returns what stands in a string's place.
func (m *builder) word() any {
	key, parent := m.above(0), m.above(1)
	switch {
	case parent == "requests" || parent == "limits" || parent == "overhead" || key == "sizeLimit" || key == "divisor":
		return m.quantity(key)
	case key == "port":
		return pick(m, append([]string{"http", "metrics"}, m.sidecar.PortNames...))
	}
	from := anything
	if found, ok := words[parent+"."+key]; ok {
		from = found
	} else if found, ok := words[key]; ok {
		from = found
	}
	return pick(m, from)
}

// quantity returns an amount of a resource, in some spelling.
func (m *builder) quantity(name string) string {
	switch {
	case name == "divisor":
		return pick(m, []string{"1", "1m", "1Mi", "1k"})
	case strings.HasPrefix(name, "hugepages-"):
		return pick(m, []string{"2Mi", "4Mi", "4096Ki"})
	case strings.Contains(name, "/"):
		return pick(m, wholeQuantities)
	case name == "cpu":
		return pick(m, quantities[:8])
	case m.chance(1):
		return "-1"
	}
	return pick(m, quantities)
}
