package cluster_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// checked is what check prints as data.
type checked struct {
	OK     bool
	Checks []struct{ Group, Check, Status, Message, Hint string }
}

// of returns one result.
func (c *checked) of(t *testing.T, check string) (status, message, hint string) {
	t.Helper()
	for _, result := range c.Checks {
		if result.Check == check {
			return result.Status, result.Message, result.Hint
		}
	}
	t.Fatalf("there is no check %q in %+v", check, c.Checks)
	return "", "", ""
}

// statuses are how all checks ended, in order.
func (c *checked) statuses() (all []string) {
	for _, result := range c.Checks {
		all = append(all, result.Group+" "+result.Check+": "+result.Status)
	}
	return all
}

// runCheck is `check -o json` with a kubeconfig and the exit code that is wanted.
func runCheck(t *testing.T, kubeconfig string, wantCode int, args ...string) *checked {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shared.Binary, append([]string{"check", "--kubeconfig=" + kubeconfig, "-o=json"}, args...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); code != wantCode || problems.Len() > 0 {
		t.Fatalf("exit code %d, want %d: %s%s", code, wantCode, &problems, &out)
	}
	var found checked
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("decode what check printed: %v\n%s", err, &out)
	}
	return &found
}

// TestCheckBefore: what keeps an injector from being installed, and what does not.
func TestCheckBefore(t *testing.T) {
	t.Run("of an administrator", func(t *testing.T) {
		found := runCheck(t, shared.Kubeconfig, 0, "--pre", "--injector="+cluster.Release)
		want := []string{
			"Kubernetes version: ok", "Kubernetes permissions: ok", "Kubernetes grants: ok",
			// Its controllers run as a process here.
			"cert-manager kinds: ok", "cert-manager deployments: warning", "cert-manager webhook: ok",
			"Pods overlap: ok", "Pods pod-security: ok",
		}
		if diff := cmp.Diff(want, found.statuses()); diff != "" || !found.OK {
			t.Errorf("ok is %v, checks (-want +got):\n%s\n%+v", found.OK, diff, found)
		}
		runCheck(t, shared.Kubeconfig, 1, "--pre", "--injector="+cluster.Release, "--strict")
	})
	t.Run("beside another injector", func(t *testing.T) {
		found := runCheck(t, shared.Kubeconfig, 1, "--pre", "--injector=another")
		status, message, hint := found.of(t, "overlap")
		if status != "failed" || !strings.Contains(message, `MutatingWebhookConfiguration "`+cluster.Release+`" is asked about pods of namespaces labelled istio-injection=enabled too`) || hint == "" {
			t.Errorf("%s, %s, hint %s", status, message, hint)
		}
	})
	t.Run("of somebody without rights", func(t *testing.T) {
		namespace := newNamespace(t, nil)
		if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "create", "serviceaccount", "nobody"); err != nil {
			t.Fatal(err)
		}
		kubeconfig, err := shared.ServiceAccountKubeconfig(t.Context(), namespace, "nobody")
		if err != nil {
			t.Fatal(err)
		}
		found := runCheck(t, kubeconfig, 1, "--pre")
		want := []string{
			"Kubernetes version: ok", "Kubernetes permissions: failed", "Kubernetes grants: failed",
			"cert-manager kinds: ok", "cert-manager deployments: warning", "cert-manager webhook: warning",
			"Pods overlap: warning", "Pods pod-security: warning",
		}
		if diff := cmp.Diff(want, found.statuses()); diff != "" {
			t.Errorf("checks (-want +got):\n%s\n%+v", diff, found)
		}
		if _, message, _ := found.of(t, "permissions"); !strings.Contains(message, "clusterroles.rbac.authorization.k8s.io") || !strings.Contains(message, "certificates.cert-manager.io") {
			t.Errorf("it says %s", message)
		}
	})
	t.Run("with a namespace that refuses injected pods", func(t *testing.T) {
		labels := map[string]string{namespaceKey: "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
		namespace := newNamespace(t, labels)
		found := runCheck(t, shared.Kubeconfig, 1, "--pre", "--injector="+cluster.Release)
		status, message, hint := found.of(t, "pod-security")
		if status != "failed" || !strings.Contains(message, namespace+" (restricted)") || !strings.Contains(message, "NET_ADMIN") || !strings.Contains(hint, "pod-security.kubernetes.io/enforce=privileged") {
			t.Errorf("%s, %s, hint %s", status, message, hint)
		}
		if err := shared.Client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	})
}

// checkText: for people it is a line a check, below the name of its group, and a summary.
func checkText(t *testing.T, args []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shared.Binary, append([]string{"check", "--kubeconfig=" + shared.Kubeconfig}, args...)...)
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("check prints:\n%s", out)
	text := string(out)
	for _, want := range []string{"Kubernetes\n  ok       version: it is v1.", "\nInjector\n  ok       installed: ", "\n  failed   deployment: 0 of 2 replicas of ", "\n           hint: see kubectl get pods -n ", "\nCertificate\n  ok       certificate: ", "\n\n13 checks: 12 ok, 0 warnings, 1 failed\n"} {
		if at := strings.Index(text, want); at < 0 {
			t.Fatalf("no %q after the one before in:\n%s", want, out)
		} else {
			text = text[at:]
		}
	}
}

// TestCheckAfter: whether an installed injector works, and what does not.
func TestCheckAfter(t *testing.T) {
	newNamespace(t, injecting)
	args := []string{"--injector=" + cluster.Release, replicaFlag()}
	statuses := func(endpoints, served, admission string) []string {
		return []string{
			// No node is here, so the chart's own pods do not run.
			"Kubernetes version: ok", "Injector installed: ok", "Injector deployment: failed", "Injector configuration: ok", "Injector entries: ok",
			"Injector endpoints: " + endpoints, "Injector served: " + served,
			"Certificate certificate: ok", "Certificate serving-pair: ok", "Certificate ca-bundle: ok",
			"Pods admission: " + admission, "Pods overlap: ok", "Pods pod-security: ok",
		}
	}
	found := runCheck(t, shared.Kubeconfig, 1, args...)
	if diff := cmp.Diff(statuses("ok", "ok", "ok"), found.statuses()); diff != "" {
		t.Errorf("checks (-want +got):\n%s\n%+v", diff, found)
	}
	for check, want := range map[string]string{
		"configuration": "is valid, and in use for ", "certificate": `is issued by Issuer "sidecar-injector-ca", and renewed in `,
		"admission": "pods of namespaces labelled istio-injection=enabled, pods with the label sidecar.istio.io/inject, pods with the annotation sidecar.istio.io/inject, pods labelled istio.io/rev=default",
	} {
		if _, message, _ := found.of(t, check); !strings.Contains(message, want) {
			t.Errorf("%s: %s, want %q in it", check, message, want)
		}
	}
	checkText(t, args)
	if err := shared.injector.Stop(); err != nil {
		t.Fatal(err)
	}
	defer restart(t)
	found = runCheck(t, shared.Kubeconfig, 1, args...)
	if diff := cmp.Diff(statuses("ok", "warning", "failed"), found.statuses()); diff != "" {
		t.Errorf("without an injector that runs, checks (-want +got):\n%s\n%+v", diff, found)
	}
	if _, message, hint := found.of(t, "admission"); !strings.Contains(message, "failed calling webhook") || !strings.Contains(hint, "firewall") {
		t.Errorf("it says %s, hint %s", message, hint)
	}
}
