package templates

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestConsulShell runs the script of Consul's init container with a service name that a pod's author chose: the program gets it
// as it is, as one argument, and nothing else is run.
func TestConsulShell(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("NOT RUN: there is no sh, which runs the script")
	}
	profile, err := BuiltinProfile("consul")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := New(Options{Profile: profile, Values: map[string]any{"consul": map[string]any{"authMethod": "k8s"}}})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	program := fmt.Sprintf("#!%s\nprintf '%%s\\0' \"$@\"\n", shell)
	if err := os.WriteFile(filepath.Join(folder, "consul-k8s-control-plane"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web", `"; touch escaped; "`, "$(touch escaped)", "`touch escaped`", `\`, `\"`, "a\ntouch escaped", "$(CONSUL_REDIRECT_TRAFFIC_CONFIG)", "$$(touch escaped)", "' && touch escaped", "#", "*"} {
		pod := Pod(podOf(t, `{metadata: {name: p}, spec: {serviceAccountName: s, containers: [{name: app, image: app, volumeMounts: [{name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}], volumes: [{name: t, emptyDir: {}}]}}`))
		pod.Annotations()["consul.hashicorp.com/connect-service"] = name
		result, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
		if err != nil {
			t.Fatal(err)
		}
		init, _ := Pod(result.Pod).Find("consul-connect-inject-init")
		command := init["command"].([]any)
		run := exec.Command(shell, command[1].(string), kubeletExpands(command[2].(string)))
		run.Dir, run.Env = folder, []string{"PATH=" + folder + ":" + os.Getenv("PATH"), "POD_NAME=p", "POD_NAMESPACE=shop"}
		out, err := run.Output()
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		args := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		// The script ends with a backslash, as Consul's does: an argument behind the flags.
		if want := []string{"-service-account-name=s", "-service-name=" + name, `\`}; len(args) != 8 || !slices.Equal(args[5:], want) {
			t.Errorf("%q: the program got %q", name, args)
		}
		if _, err := os.Stat(filepath.Join(folder, "escaped")); err == nil {
			t.Fatalf("%q: something else was run", name)
		}
	}
}
