package main

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The label, or annotation, by which a pod asks for its sidecar, or refuses it.
const asks = "sidecar.istio.io/inject"

// shape makes the pod that a workload describes, before the API server has seen it. Whatever a workload names (itself,
// its images, labels, ports, variables) depends on its name and number.
type shape func(workload string, number int) *corev1.Pod

// replicas returns the reviews of one workload's replicas, by number.
func replicas(of shape) func(number int) []byte {
	return func(number int) []byte {
		return review(encode(replica("web", of("web", 1), number)), number)
	}
}

// others returns reviews of which each is of another workload, by number.
func others(of shape) func(number int) []byte {
	return func(number int) []byte {
		name := fmt.Sprintf("web-%d", number)
		return review(encode(replica(name, of(name, number), number)), number)
	}
}

// small is a pod with one container.
func small(workload string, number int) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": workload, asks: "true"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: fmt.Sprintf("example.com/%s:%d", workload, number),
			Ports: []corev1.ContainerPort{{ContainerPort: int32(8000 + number%1000)}},
		}}},
	}
}

// realistic is a pod with five containers, 40 variables, probes and volumes.
func realistic(workload string, number int) *corev1.Pod {
	pod := small(workload, number)
	pod.Labels["app.kubernetes.io/name"], pod.Labels["app.kubernetes.io/part-of"], pod.Labels["version"] = workload, "shop", fmt.Sprint("v", number)
	pod.Annotations = map[string]string{
		"prometheus.io/scrape": "true", "prometheus.io/port": fmt.Sprint(8000 + number%1000),
		"checksum/config": fmt.Sprintf("%08x%08x", digest(workload), number),
	}
	pod.Spec.Containers = nil
	for i, name := range []string{"app", "cache", "metrics", "logs", "auth"} {
		port := int32(8000 + number%1000 + 10*i)
		probe := func(path string) *corev1.Probe {
			return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
				Path: path, Port: intstr.FromInt32(port), Scheme: corev1.URISchemeHTTP}}}
		}
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: name, Image: fmt.Sprintf("example.com/%s/%s:%d", workload, name, number),
			Args:           []string{"--listen", fmt.Sprintf(":%d", port), "--name=" + workload},
			Ports:          []corev1.ContainerPort{{Name: "http-" + name, ContainerPort: port}},
			Env:            variables(workload, number, 8),
			ReadinessProbe: probe("/ready"),
			LivenessProbe:  probe("/live"),
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")},
				Limits:   corev1.ResourceList{"memory": resource.MustParse("256Mi")},
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "config", MountPath: "/etc/" + name, ReadOnly: true},
				{Name: "scratch", MountPath: "/tmp"},
				{Name: "keys", MountPath: "/etc/keys", ReadOnly: true},
			},
		})
	}
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: workload}, DefaultMode: new(int32(0o644))}}},
		{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: "keys", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: workload + "-keys", DefaultMode: new(int32(0o644))}}},
		{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
			ClaimName: workload + "-data"}}},
	}
	return pod
}

// variables returns so many environment variables, one of them from the pod's fields and one from a Secret.
func variables(workload string, number, count int) []corev1.EnvVar {
	all := []corev1.EnvVar{
		{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}},
		{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: workload}, Key: "password"}}},
	}
	for i := len(all); i < count; i++ {
		all = append(all, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d_%d", number, i), Value: fmt.Sprintf("%s: value %d of %d", workload, i, count)})
	}
	return all
}

// example is the pod of examples/myapp.yaml.
func example(workload string, _ int) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": workload}, Annotations: map[string]string{asks: "true"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: workload, Image: "nginx:1.21", Ports: []corev1.ContainerPort{{ContainerPort: 80}},
		}}},
	}
}

// unwilling is the same pod, which wants no sidecar.
func unwilling(workload string, number int) *corev1.Pod {
	pod := example(workload, number)
	pod.Annotations[asks] = "false"
	return pod
}

// manyVariables is the small pod with so many variables.
func manyVariables(count int) shape {
	return func(workload string, number int) *corev1.Pod {
		pod := small(workload, number)
		pod.Spec.Containers[0].Env = variables(workload, number, count)
		return pod
	}
}

// manyContainers is the small pod with so many containers.
func manyContainers(count int) shape {
	return func(workload string, number int) *corev1.Pod {
		pod := small(workload, number)
		one := pod.Spec.Containers[0]
		pod.Spec.Containers = nil
		for i := range count {
			c := *one.DeepCopy()
			c.Name, c.Ports[0].ContainerPort = fmt.Sprint("app-", i), int32(2000+i)
			pod.Spec.Containers = append(pod.Spec.Containers, c)
		}
		return pod
	}
}

// large is the small pod with so many bytes, in variables of 4 KiB.
func large(size int) shape {
	return func(workload string, number int) *corev1.Pod {
		pod := small(workload, number)
		const each = 4 << 10
		text := strings.Repeat("0123456789abcde ", each/16)
		for i := range size / each {
			pod.Spec.Containers[0].Env = append(pod.Spec.Containers[0].Env, corev1.EnvVar{Name: fmt.Sprint("FILE_", i), Value: text})
		}
		return pod
	}
}
