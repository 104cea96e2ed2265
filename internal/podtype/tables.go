package podtype

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// fieldOf is a field by the Go struct that declares it and its JSON name.
type fieldOf struct {
	owner reflect.Type
	name  string
}

func in[T any](name string) fieldOf { return fieldOf{reflect.TypeFor[T](), name} }

// listKeys are the keys of lists where they are not the field that the struct tag patchMergeKey names. Source: the markers
// +listType and +listMapKey in k8s.io/api/core/v1/types.go, which a test compares.
var listKeys = map[fieldOf][]string{
	in[corev1.Container]("ports"):                   {"containerPort", "protocol"},
	in[corev1.EphemeralContainerCommon]("ports"):    {"containerPort", "protocol"},
	in[corev1.PodSpec]("topologySpreadConstraints"): {"topologyKey", "whenUnsatisfiable"},
	in[corev1.ResourceRequirements]("claims"):       {"name"},
	in[corev1.PodStatus]("hostIPs"):                 nil,
	in[corev1.ResourceStatus]("resources"):          {"resourceID"},
	in[corev1.PodVolumeHealth]("healthConditions"):  {"status", "reason"},
	in[corev1.PodStatus]("volumeHealth"):            {"name"},
}

// unions are the fields of which an object has one at most; nil stands for all fields of the struct. Source: validation in
// k8s.io/kubernetes/pkg/apis/core/validation (validateHandler, validateVolumeSource, ValidateEnv, ValidateEnvFrom,
// validateEnvVarValueFrom, validateProjectionSources, validatePodResourceClaim).
var unions = map[reflect.Type][][]string{
	reflect.TypeFor[corev1.ProbeHandler]():     {nil},
	reflect.TypeFor[corev1.LifecycleHandler](): {nil},
	reflect.TypeFor[corev1.VolumeSource]():     {nil},
	reflect.TypeFor[corev1.EnvVarSource]():     {nil},
	reflect.TypeFor[corev1.VolumeProjection](): {nil},
	reflect.TypeFor[corev1.EnvVar]():           {{"value", "valueFrom"}},
	reflect.TypeFor[corev1.EnvFromSource]():    {{"configMapRef", "secretRef"}},
	reflect.TypeFor[corev1.PodResourceClaim](): {{"resourceClaimName", "resourceClaimTemplateName"}},
}

// defaults are the constants that the API server fills in. Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go and the
// markers +default in k8s.io/api/core/v1/types.go; a quantity that is a value, not a pointer, is stored as "0".
var defaults = map[fieldOf]any{
	in[corev1.PodSpec]("dnsPolicy"):                     string(corev1.DNSClusterFirst),
	in[corev1.PodSpec]("restartPolicy"):                 string(corev1.RestartPolicyAlways),
	in[corev1.PodSpec]("schedulerName"):                 corev1.DefaultSchedulerName,
	in[corev1.PodSpec]("securityContext"):               map[string]any{},
	in[corev1.PodSpec]("terminationGracePeriodSeconds"): int64(corev1.DefaultTerminationGracePeriodSeconds),
	in[corev1.PodSpec]("enableServiceLinks"):            corev1.DefaultEnableServiceLinks,

	in[corev1.Container]("terminationMessagePath"):                  corev1.TerminationMessagePathDefault,
	in[corev1.Container]("terminationMessagePolicy"):                string(corev1.TerminationMessageReadFile),
	in[corev1.EphemeralContainerCommon]("terminationMessagePath"):   corev1.TerminationMessagePathDefault,
	in[corev1.EphemeralContainerCommon]("terminationMessagePolicy"): string(corev1.TerminationMessageReadFile),
	in[corev1.ContainerPort]("protocol"):                            string(corev1.ProtocolTCP),
	in[corev1.ObjectFieldSelector]("apiVersion"):                    "v1",
	in[corev1.ResourceFieldSelector]("divisor"):                     "0",
	in[corev1.FileKeySelector]("optional"):                          false,

	in[corev1.Probe]("timeoutSeconds"):   int64(1),
	in[corev1.Probe]("periodSeconds"):    int64(10),
	in[corev1.Probe]("successThreshold"): int64(1),
	in[corev1.Probe]("failureThreshold"): int64(3),
	in[corev1.HTTPGetAction]("path"):     "/",
	in[corev1.HTTPGetAction]("scheme"):   string(corev1.URISchemeHTTP),
	in[corev1.HTTPGetAction]("protocol"): string(corev1.HTTPProtocolHTTP1),
	in[corev1.GRPCAction]("service"):     "",

	in[corev1.SecretVolumeSource]("defaultMode"):                  int64(corev1.SecretVolumeSourceDefaultMode),
	in[corev1.ConfigMapVolumeSource]("defaultMode"):               int64(corev1.ConfigMapVolumeSourceDefaultMode),
	in[corev1.DownwardAPIVolumeSource]("defaultMode"):             int64(corev1.DownwardAPIVolumeSourceDefaultMode),
	in[corev1.ProjectedVolumeSource]("defaultMode"):               int64(corev1.ProjectedVolumeSourceDefaultMode),
	in[corev1.ServiceAccountTokenProjection]("expirationSeconds"): int64(3600),
	in[corev1.HostPathVolumeSource]("type"):                       string(corev1.HostPathUnset),
	in[corev1.PersistentVolumeClaimSpec]("volumeMode"):            string(corev1.PersistentVolumeFilesystem),
	in[corev1.ISCSIVolumeSource]("iscsiInterface"):                "default",
	in[corev1.RBDVolumeSource]("pool"):                            "rbd",
	in[corev1.RBDVolumeSource]("user"):                            "admin",
	in[corev1.RBDVolumeSource]("keyring"):                         "/etc/ceph/keyring",
	in[corev1.AzureDiskVolumeSource]("cachingMode"):               string(corev1.AzureDataDiskCachingReadWrite),
	in[corev1.AzureDiskVolumeSource]("fsType"):                    "ext4",
	in[corev1.AzureDiskVolumeSource]("readOnly"):                  false,
	in[corev1.AzureDiskVolumeSource]("kind"):                      string(corev1.AzureSharedBlobDisk),
	in[corev1.ScaleIOVolumeSource]("storageMode"):                 "ThinProvisioned",
	in[corev1.ScaleIOVolumeSource]("fsType"):                      "xfs",
}

// PullPolicy returns the pull policy that the API server derives from the name of an image: Always for one that is tagged
// latest, or with neither tag nor digest. Source: SetDefaults_Container in k8s.io/kubernetes/pkg/apis/core/v1/defaults.go.
func PullPolicy(image string) string {
	name, _, hasDigest := strings.Cut(image, "@")
	_, tag, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	if tag == "latest" || tag == "" && !hasDigest {
		return string(corev1.PullAlways)
	}
	return string(corev1.PullIfNotPresent)
}
