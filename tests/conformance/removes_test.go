package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// leftByIstio are the goldens of which Istio's own record does not tell all, by the name of the golden, with what stays
// or is lost.
var leftByIstio = map[string]string{
	"hello.yaml.cni.injected":                        "the network's label stays, which may be the author's",
	"gateway.yaml.injected":                          "a sysctl that a template adds stays",
	"gateway-spire.yaml.injected":                    "a sysctl that a template adds stays",
	"gateway-with-default-container.yaml.injected":   "a sysctl that a template adds stays",
	"custom-template.yaml.injected":                  "a custom template's annotations stay",
	"grpc-agent.yaml.injected":                       "the annotation rewriteAppHTTPProbers stays",
	"grpc-simple.yaml.injected":                      "the annotation rewriteAppHTTPProbers stays",
	"hello-openshift-custom-injection.yaml.injected": "the proxy's user is lost, which OpenShift gives it again",
}

// TestRemoves injects every golden's pods, by our webhook and by Istio's, and removes the injection: what comes out must
// be the pod as it was, but that after Istio's the ports of probes are numbers.
func TestRemoves(t *testing.T) {
	cases, err := injectionCases()
	if err != nil {
		t.Fatal(err)
	}
	table := newTable("removes", "case", "ours", "Istio's webhook", "")
	for _, c := range cases {
		in, _, err := goldenPods(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, skipped := deliberately[c.in]; c.wantError != "" || skipped || len(in) == 0 {
			continue
		}
		own, theirs := removeBoth(t, c, in)
		known, left := leftByIstio[c.want]
		result := sameOrNot(theirs)
		switch {
		case left && theirs == "":
			theirs = "    nothing is left any more, though this is listed: " + known + "\n"
		case left:
			theirs = ""
		}
		table.row(strings.TrimSuffix(labelled("ours", own)+labelled("Istio's", theirs), "\n"), c.name(), sameOrNot(own), result, known)
	}
	table.finish(t)
}

// removeBoth says what is not as it was after our injection and removal, and after Istio's injection and our removal.
func removeBoth(t *testing.T, c injectionCase, in []submission) (own, theirs string) {
	t.Helper()
	configuration, err := configurationOf(c)
	if err != nil {
		t.Fatal(err)
	}
	istios, err := newIstios(configuration, stopOf(t))
	if err != nil {
		t.Fatal(err)
	}
	theirs = removeEach(istios, in, func(pod map[string]any, workload string) (map[string]any, bool, error) {
		removed, _, ok, err := istio.Remove(pod, workload)
		return removed, ok, err
	}, numberPorts)
	ours, err := newOurs(configuration)
	if err != nil {
		t.Fatal(err)
	}
	own = removeEach(ours, in, func(pod map[string]any, _ string) (map[string]any, bool, error) {
		removed, _, ok, err := templates.Remove(pod, ourMarker)
		return removed, ok, err
	}, func(pod []byte) ([]byte, error) { return pod, nil })
	return own, theirs
}

func labelled(whose, problem string) string {
	if problem == "" {
		return ""
	}
	return "    " + whose + ":\n" + problem
}

func sameOrNot(problem string) string {
	if problem == "" {
		return "same"
	}
	return "differs"
}

// remover removes an injection from a pod that the workload makes.
type remover func(pod map[string]any, workload string) (removed map[string]any, ok bool, err error)

// removeEach injects pods, removes the injection, and says what is not as before when both went through normal.
func removeEach(webhook *injector, pods []submission, remove remover, normal func([]byte) ([]byte, error)) string {
	var problems []string
	for i, pod := range pods {
		removed, err := removeOne(webhook, pod, remove)
		diff := ""
		if err == nil && removed != nil {
			diff, err = differenceOf(pod.pod, removed, normal)
		}
		if err != nil {
			diff = "+" + err.Error()
		}
		if diff != "" {
			problems = append(problems, fmt.Sprintf("    pod %d (-before +removed):\n%s\n", i, changedLines(diff, 20)))
		}
	}
	return strings.Join(problems, "")
}

func differenceOf(before, removed []byte, normal func([]byte) ([]byte, error)) (string, error) {
	before, err := normal(before)
	if err != nil {
		return "", err
	}
	if removed, err = normal(removed); err != nil {
		return "", err
	}
	return difference(before, removed)
}

// removeOne injects a pod and removes the injection; nil if the pod is not injected.
func removeOne(webhook *injector, sent submission, remove remover) ([]byte, error) {
	injected, err := webhook.admit(sent)
	if err != nil || !injected.patched {
		return nil, err
	}
	var pod map[string]any
	if err := utiljson.Unmarshal(injected.pod, &pod); err != nil {
		return nil, err
	}
	removed, ok, err := remove(pod, workloadOf(sent))
	if err == nil && !ok {
		err = errors.New("nothing is found that could be removed")
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(removed)
}

// numberPorts gives the probes of a pod's containers the numbers of the ports that they name.
func numberPorts(raw []byte) ([]byte, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(raw, &pod); err != nil {
		return nil, err
	}
	for _, container := range pod.Spec.Containers {
		for _, probe := range []*corev1.Probe{container.LivenessProbe, container.ReadinessProbe, container.StartupProbe} {
			if probe == nil {
				continue
			}
			for _, port := range container.Ports {
				named := intstr.FromString(port.Name)
				if get := probe.HTTPGet; get != nil && get.Port == named {
					get.Port = intstr.FromInt32(port.ContainerPort)
				}
				if socket := probe.TCPSocket; socket != nil && socket.Port == named {
					socket.Port = intstr.FromInt32(port.ContainerPort)
				}
			}
		}
	}
	return json.Marshal(pod)
}

// workloadOf returns the name of what makes the pod.
func workloadOf(sent submission) string {
	var pod corev1.Pod
	if json.Unmarshal(sent.pod, &pod) != nil {
		return ""
	}
	for _, owner := range pod.OwnerReferences {
		return strings.TrimSuffix(strings.TrimSuffix(owner.Name, "-fake"), "-28000000")
	}
	return pod.Name
}
