package cluster

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// InjectorOptions says how to run the injector.
type InjectorOptions struct {
	// Chart names the release whose arguments and ServiceAccount are used.
	Chart ChartOptions
	// Name tells several injectors apart, in names of files. Default: injector.
	Name string
	// Health is the host:port of the health probes. Default: a free one.
	Health string
	// Args come after all others, so that they win.
	Args []string
	// Server is where it finds the API server, host:port. Default: where that listens.
	Server string
	// Program is what runs. Default: the cluster's Binary.
	Program string
	// Shell is a script for sh that runs "$@", the program and its arguments. Empty: they are run as they are.
	Shell string
	// Unready does not wait until it is ready.
	Unready bool
}

// Injector is a running `sidecar-injector serve`.
type Injector struct {
	// ReadyAfter is the time from its start until it said that it was ready.
	ReadyAfter time.Duration
	// Log is the file with its log.
	Log string
	// Health and Metrics are its addresses, host:port.
	Health, Metrics string

	process *process
}

// StartInjector runs the injector as the chart's Deployment would: with the
// arguments of its container and a token of its ServiceAccount, so that what the
// chart grants has to be enough. Only the addresses are other ones, on loopback.
// It returns once the injector is ready; Stop of the injector or of the cluster
// ends it. Its caBundle may come a moment later: see WaitForCABundle.
func (c *Cluster) StartInjector(ctx context.Context, o InjectorOptions) (*Injector, error) {
	o.Chart = c.chartDefaults(o.Chart)
	if o.Name == "" {
		o.Name = "injector"
	}
	deployment, err := c.Client.AppsV1().Deployments(o.Chart.Namespace).Get(ctx, o.Chart.Release, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the chart's Deployment: %w", err)
	}
	pod := deployment.Spec.Template.Spec
	kubeconfig, err := c.serviceAccountKubeconfig(ctx, o.Chart.Namespace, pod.ServiceAccountName, o.Name, o.Server)
	if err != nil {
		return nil, err
	}
	injector := &Injector{Log: c.file(o.Name + ".log"), Health: o.Health}
	for _, address := range []*string{&injector.Health, &injector.Metrics} {
		if *address != "" {
			continue
		}
		if *address, err = FreeAddress(); err != nil {
			return nil, err
		}
	}
	args := append([]string{}, pod.Containers[0].Args...)
	args = append(args,
		"--kubeconfig="+kubeconfig,
		"--namespace="+o.Chart.Namespace,
		"--webhook-bind-address="+o.Chart.WebhookAddress,
		"--health-probe-bind-address="+injector.Health,
		"--metrics-bind-address="+injector.Metrics,
		// No Service has to forget it here.
		"--shutdown-delay=0s",
	)
	args = append(args, o.Args...)

	program := cmp.Or(o.Program, c.Binary)
	if o.Shell != "" {
		args = append([]string{"-c", o.Shell, o.Name, program}, args...)
		program = "sh"
	}

	start := time.Now()
	injector.process, err = startProcess(o.Name, injector.Log, program, args...)
	if err != nil {
		return nil, err
	}
	if !o.Unready {
		if err := injector.process.wait(ctx, startTimeout, injector.ready); err != nil {
			return nil, errors.Join(err, injector.Stop())
		}
	}
	injector.ReadyAfter = time.Since(start)
	c.cleanup(o.Name, func() error {
		if injector.stopped() {
			return nil
		}
		return injector.Stop()
	})
	return injector, nil
}

// Stop ends the injector and waits for that.
func (i *Injector) Stop() error { return i.process.stop() }

// Kill ends the injector as the kernel does, without a word, and waits for that. Stop is not to be called then.
func (i *Injector) Kill() error { return i.process.signal(syscall.SIGKILL, true) }

// Freeze has the kernel give the injector no time until Thaw.
func (i *Injector) Freeze() error { return i.process.signal(syscall.SIGSTOP, false) }

// Thaw undoes Freeze.
func (i *Injector) Thaw() error { return i.process.signal(syscall.SIGCONT, false) }

// PID is its process id; a Shell's is its own if that runs the program by exec.
func (i *Injector) PID() int { return i.process.cmd.Process.Pid }

// Ended is closed when the injector has ended, by whatever.
func (i *Injector) Ended() <-chan struct{} { return i.process.done }

func (i *Injector) stopped() bool {
	select {
	case <-i.process.done:
		return true
	default:
		return false
	}
}

// ready asks the injector whether it is ready; if not, the error says why.
func (i *Injector) ready(ctx context.Context) error {
	status, text, err := Readyz(ctx, i.Health, "verbose")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("not ready: %s", strings.TrimSpace(text))
	}
	return err
}

// Readyz asks who answers health probes on the address, host:port, whether it is
// ready, and returns the status and text of its answer. The query may be empty.
func Readyz(ctx context.Context, address, query string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz?"+query, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	return response.StatusCode, string(body), err
}

// ResidentKiB is the injector's resident memory, as Linux tells it.
func (i *Injector) ResidentKiB() (int, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", i.process.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the injector's memory: %w", err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "VmRSS:" {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, errors.New("read the injector's memory: no VmRSS")
}

// ServiceAccountKubeconfig writes a kubeconfig with a token of a ServiceAccount,
// valid for a day, and returns the file's name.
func (c *Cluster) ServiceAccountKubeconfig(ctx context.Context, namespace, account string) (string, error) {
	return c.serviceAccountKubeconfig(ctx, namespace, account, account, "")
}

// serviceAccountKubeconfig is ServiceAccountKubeconfig with a name for the file, and where the API server is found,
// host:port; empty: where it listens.
func (c *Cluster) serviceAccountKubeconfig(ctx context.Context, namespace, account, user, server string) (string, error) {
	seconds := int64(24 * time.Hour / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("create a token for service account %q: %w", account, err)
	}
	url := c.Config.Host
	if server != "" {
		url = "https://" + server
	}
	const name = "cluster"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: c.Config.CAData}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	config.CurrentContext = name
	file := c.file("kubeconfig-" + namespace + "-" + user)
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return "", fmt.Errorf("write the kubeconfig of service account %q: %w", account, err)
	}
	return file, nil
}
