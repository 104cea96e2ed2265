package cluster_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// certsReport is the part of what `certs status -o json` prints that is looked at.
type certsReport struct {
	OK          bool
	Problems    []string
	Certificate struct{ Ready bool }
	Secret      struct{ Chain, CA []certsX509 }
	Webhooks    struct {
		Owner   string
		Entries []struct {
			Host    string
			Trusted bool
			CAs     []certsX509
		}
	}
	Replicas []struct {
		Name                string
		Ready               *bool
		Error               string
		Leaf                certsX509
		FromSecret, Trusted bool
		Untrusted           map[string]string
	}
}

type certsX509 struct{ Fingerprint string }

// runCerts runs `sidecar-injector certs` as the administrator.
func runCerts(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	args = append([]string{"certs", "--kubeconfig=" + shared.Kubeconfig}, args...)
	cmd := exec.CommandContext(t.Context(), shared.Binary, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), out.String(), problems.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String(), problems.String()
}

// certsStatus is `certs status -o json` with an exit code of 0, or of 1 and one
// line about it.
func certsStatus(t *testing.T, wantCode int, args ...string) *certsReport {
	t.Helper()
	code, stdout, stderr := runCerts(t, append([]string{"status", "-o=json"}, args...)...)
	if code != wantCode || strings.Count(stderr, "\n") != wantCode {
		t.Fatalf("certs status: exit code %d, want %d: %s%s", code, wantCode, stderr, stdout)
	}
	var status certsReport
	if err := json.Unmarshal([]byte(stdout), &status); err != nil {
		t.Fatalf("decode what certs status printed: %v\n%s", err, stdout)
	}
	return &status
}

// replicaFlag names the shared injector.
func replicaFlag() string { return "--replica=" + shared.WebhookAddress }

func TestCertsStatus(t *testing.T) {
	status := certsStatus(t, 0, replicaFlag())
	if !status.OK || !status.Certificate.Ready || len(status.Secret.Chain) == 0 || len(status.Webhooks.Entries) != 4 || len(status.Replicas) != 1 {
		t.Fatalf("got %+v", status)
	}
	if want := "injector"; status.Webhooks.Owner != want {
		t.Errorf("the owner of the caBundle is %q, want %q", status.Webhooks.Owner, want)
	}
	for _, entry := range status.Webhooks.Entries {
		if !entry.Trusted || entry.Host != "127.0.0.1" || len(entry.CAs) == 0 {
			t.Errorf("got entry %+v", entry)
		}
	}
	if replica := status.Replicas[0]; !replica.FromSecret || !replica.Trusted || replica.Leaf.Fingerprint != status.Secret.Chain[0].Fingerprint {
		t.Errorf("got replica %+v", replica)
	}
	_, text, _ := runCerts(t, "status", replicaFlag())
	if want := "sidecar-injector in namespace sidecar-injector: all is well\n"; !strings.HasPrefix(text, want) {
		t.Errorf("got %q, want %q first", text, want)
	}
}

func TestCertsStatusOfWrongReplicas(t *testing.T) {
	stranger := httptest.NewTLSServer(http.NotFoundHandler())
	defer stranger.Close()
	closed, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	status := certsStatus(t, 1, "--replica="+stranger.Listener.Addr().String(), replicaFlag(), "--replica="+closed)
	if len(status.Replicas) != 3 {
		t.Fatalf("got %+v", status)
	}
	if replica := status.Replicas[0]; replica.FromSecret || replica.Trusted || len(replica.Untrusted) != 4 {
		t.Errorf("got %+v of one that serves another certificate", replica)
	}
	if replica := status.Replicas[1]; !replica.FromSecret || !replica.Trusted {
		t.Errorf("got %+v of the injector", replica)
	}
	if replica := status.Replicas[2]; !strings.Contains(replica.Error, "connection refused") {
		t.Errorf("got %+v of one that does not run", replica)
	}
	// Four entries do not trust the first, and the last is not there.
	if len(status.Problems) != 5 {
		t.Errorf("got the problems %q", status.Problems)
	}
}

func TestCertsErrors(t *testing.T) {
	cases := map[string]struct {
		args []string
		code int
		want string
	}{
		"renew of a Certificate that does not exist": {
			[]string{"renew", "-n", "default"}, 1, `error: read Certificate "default/sidecar-injector-tls": it does not exist`,
		},
		"status of an injector that does not exist": {
			[]string{"status", "-n", "default", "--name", "nobody"}, 2, `error: find the injector: there is no Certificate and no Secret "nobody-tls" in namespace "default"`,
		},
		"waiting where nothing says who serves": {
			[]string{"renew", "--wait"}, 1, `error: find the replicas: the webhooks name no Service, --replica has to say where replicas serve`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runCerts(t, c.args...)
			if code != c.code || stdout != "" || !strings.HasPrefix(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, printed %q and %q; want %d and %q", code, stdout, stderr, c.code, c.want)
			}
		})
	}
}
