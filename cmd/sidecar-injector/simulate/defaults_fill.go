package simulate

import (
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// The fillers of rows that look at the pod around the field.

// mirrorAnnotation marks a mirror pod, which gets no ServiceAccount.
const mirrorAnnotation = "kubernetes.io/config.mirror"

// Where the ServiceAccount plug-in mounts its token, and how the name of its volume begins.
const (
	tokenVolumePrefix = "kube-api-access-"
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// pullPolicyOf fills the pull policy by the image that stands in the given field beside it.
func pullPolicyOf(field string) func(pod, object map[string]any, now any) any {
	return func(_, object map[string]any, now any) any {
		if isSet(now) {
			return nil
		}
		return podtype.PullPolicy(Text(object, field))
	}
}

// requestsFromLimits sets the request of each resource that has a limit alone.
func requestsFromLimits(_, resources map[string]any, now any) any {
	limits, _ := resources["limits"].(map[string]any)
	if len(limits) == 0 {
		return nil
	}
	requests := map[string]any{}
	for name, limit := range limits {
		requests[name] = limit
	}
	set, _ := now.(map[string]any)
	for name, request := range set {
		requests[name] = request
	}
	return requests
}

// hostPort is the container port's number where the pod is on the host's network.
func hostPort(pod, port map[string]any, now any) any {
	spec, _ := pod["spec"].(map[string]any)
	if spec["hostNetwork"] != true || isSet(now) {
		return nil
	}
	return port["containerPort"]
}

// emptyDir is the source of a volume that has none.
func emptyDir(_, volume map[string]any, _ any) any {
	for field, value := range volume {
		if field != "name" && value != nil {
			return nil
		}
	}
	return map[string]any{}
}

func serviceAccountName(pod, spec map[string]any, now any) any {
	if isSet(now) {
		return nil
	}
	if old := Text(spec, "serviceAccount"); old != "" {
		return old
	}
	if isMirror(pod) {
		return nil
	}
	return "default"
}

// serviceAccount is the deprecated twin of serviceAccountName and always equal to it.
func serviceAccount(_, spec map[string]any, _ any) any {
	if name := Text(spec, "serviceAccountName"); name != "" {
		return name
	}
	return nil
}

func isMirror(pod map[string]any) bool {
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	_, mirror := annotations[mirrorAnnotation]
	return mirror
}

// tokenVolumeName is the name of the pod's token volume, and whether the pod brought it along.
func tokenVolumeName(spec map[string]any) (name string, exists bool) {
	for _, volume := range Find(spec, "volumes.*") {
		if name := Text(volume, "name"); strings.HasPrefix(name, tokenVolumePrefix) {
			return name, true
		}
	}
	return tokenVolumePrefix + manifest.GeneratedSuffix, false
}

// tokenMount appends the mount of the ServiceAccount's token to the mounts of a container that has none there.
func tokenMount(pod, _ map[string]any, now any) any {
	spec, _ := pod["spec"].(map[string]any)
	if isMirror(pod) || spec["automountServiceAccountToken"] == false {
		return nil
	}
	mounts, _ := now.([]any)
	for _, mount := range mounts {
		if mount, ok := mount.(map[string]any); ok && mount["mountPath"] == tokenMountPath {
			return nil
		}
	}
	name, _ := tokenVolumeName(spec)
	mount := map[string]any{"name": name, "mountPath": tokenMountPath, "readOnly": true}
	return append(append([]any{}, mounts...), mount)
}

// tokenVolume appends the token's volume if a container mounts it. It comes after tokenMount.
func tokenVolume(_, spec map[string]any, now any) any {
	name, exists := tokenVolumeName(spec)
	if exists || !mounts(spec, name) {
		return nil
	}
	volumes, _ := now.([]any)
	return append(append([]any{}, volumes...), map[string]any{
		"name": name,
		"projected": map[string]any{
			"defaultMode": int64(0o644),
			"sources": []any{
				map[string]any{"serviceAccountToken": map[string]any{"path": "token", "expirationSeconds": int64(3607)}},
				map[string]any{"configMap": map[string]any{
					"name":  "kube-root-ca.crt",
					"items": []any{map[string]any{"key": "ca.crt", "path": "ca.crt"}},
				}},
				map[string]any{"downwardAPI": map[string]any{"items": []any{map[string]any{
					"path":     "namespace",
					"fieldRef": map[string]any{"apiVersion": "v1", "fieldPath": "metadata.namespace"},
				}}}},
			},
		},
	})
}

func mounts(spec map[string]any, volume string) bool {
	for _, path := range []string{"initContainers.*.volumeMounts.*", "containers.*.volumeMounts.*"} {
		for _, mount := range Find(spec, path) {
			if mount["name"] == volume {
				return true
			}
		}
	}
	return false
}

// tolerations lets a pod stay for five minutes on a node that is not ready or not reachable, unless it says otherwise.
func tolerations(_, _ map[string]any, now any) any {
	set, _ := now.([]any)
	result := append([]any{}, set...)
	for _, taint := range []string{"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} {
		if !tolerated(set, taint) {
			result = append(result, map[string]any{
				"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": int64(300),
			})
		}
	}
	return result
}

func tolerated(tolerations []any, taint string) bool {
	for _, toleration := range tolerations {
		toleration, _ := toleration.(map[string]any)
		key, effect := Text(toleration, "key"), Text(toleration, "effect")
		if (key == taint || key == "") && (effect == "NoExecute" || effect == "") {
			return true
		}
	}
	return false
}

// withoutClass fills what the PriorityClass says; without one, the pod has the lowest priority.
func withoutClass(value any) func(pod, object map[string]any, now any) any {
	return func(_, spec map[string]any, now any) any {
		if now != nil || Text(spec, "priorityClassName") != "" {
			return nil
		}
		return value
	}
}
