package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startTimeout is for one part; on a loaded machine the API server needs some.
const startTimeout = time.Minute

// Where the API server of a cluster with a node is found: its port, and the
// address of its Service, the first one of envtest's range.
const (
	apiServerPort    = "6443"
	apiServerService = "10.0.0.1"
)

// auditPolicy has the API server write down who created which pod, and what the
// webhooks said about it; and all that the account AuditedAccount asks for.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [create]
    resources: [{group: "", resources: [pods]}]
  - level: Metadata
    users: ["` + AuditedAccount + `"]
  - level: None
`

// startControlPlane starts etcd and kube-apiserver through envtest.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	for name, text := range map[string]string{
		"audit-policy.yaml":  auditPolicy,
		"run-etcd":           c.tethered(c.Parts.Etcd),
		"run-kube-apiserver": c.tethered(c.Parts.KubeAPIServer),
	} {
		if err := os.WriteFile(c.file(name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Mkdir(c.file(name), 0o700); err != nil {
			return err
		}
	}
	c.env = &envtest.Environment{
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
		ErrorIfCRDPathMissing:    true,
		CRDDirectoryPaths:        []string{c.Parts.CertManagerCRDs},
	}
	plane := &c.env.ControlPlane
	plane.Etcd = &envtest.Etcd{Path: c.file("run-etcd"), DataDir: c.file("etcd")}
	plane.KubectlPath = c.Parts.Kubectl
	credentials, err := c.webhookCredentials()
	if err != nil {
		return err
	}
	server := plane.GetAPIServer()
	server.Path = c.file("run-kube-apiserver")
	server.CertDir = c.file("kube-apiserver")
	server.Configure().
		// envtest turns the ServiceAccount plugin off, because it has no
		// controller that makes the accounts. Here one is.
		Disable("disable-admission-plugins").
		Set("admission-control-config-file", credentials).
		Set("audit-policy-file", c.file("audit-policy.yaml")).
		Set("audit-log-path", c.file("audit.log"))
	if c.options.NodeAddress != "" {
		if err := c.listenForNode(server); err != nil {
			return err
		}
	}
	etcdLog, err := c.openLog("etcd")
	if err != nil {
		return err
	}
	serverLog, err := c.openLog("kube-apiserver")
	if err != nil {
		return err
	}
	plane.Etcd.Out, plane.Etcd.Err = etcdLog, etcdLog
	server.Out, server.Err = serverLog, serverLog

	config, err := startEnvironment(ctx, c.env)
	c.cleanup("control plane", c.env.Stop)
	if err != nil {
		return err
	}
	config.WarningHandler = rest.NoWarnings{}
	c.Config = config
	c.Kubeconfig = c.file("kubeconfig")
	if err := os.WriteFile(c.Kubeconfig, c.env.KubeConfig, 0o600); err != nil {
		return err
	}
	if c.Client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	c.Dynamic, err = dynamic.NewForConfig(config)
	return err
}

// listenForNode has the API server listen on the node's address, with a
// certificate that is also good for the Service by which pods reach it. envtest
// makes certificates, but none for that.
func (c *Cluster) listenForNode(server *envtest.APIServer) error {
	address := net.ParseIP(c.options.NodeAddress)
	if address == nil {
		return fmt.Errorf("read the node's address: %q is not an IP address", c.options.NodeAddress)
	}
	server.SecureServing.Address, server.SecureServing.Port = address.String(), apiServerPort
	// A node's name is nowhere resolved.
	server.Configure().Set("kubelet-preferred-address-types", "InternalIP")
	if c.options.ServiceRanges != "" {
		server.Configure().Set("service-cluster-ip-range", c.options.ServiceRanges)
	}
	cert, key, err := certutil.GenerateSelfSignedCertKey(address.String(), []net.IP{net.ParseIP(apiServerService)}, []string{"kubernetes.default.svc"})
	if err != nil {
		return fmt.Errorf("make the API server's certificate: %w", err)
	}
	signer, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return fmt.Errorf("make the key of service accounts: %w", err)
	}
	server.SecureServing.CA = cert
	for name, text := range map[string][]byte{
		"apiserver.crt": cert, "apiserver.key": key,
		// The server takes the public half of a private key.
		"sa-signer.crt": signer, "sa-signer.key": signer,
	} {
		if err := os.WriteFile(filepath.Join(server.CertDir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// openLog opens the log file of a program that envtest starts; Stop closes it.
func (c *Cluster) openLog(name string) (*os.File, error) {
	file, err := os.Create(c.file(name + ".log"))
	if err != nil {
		return nil, err
	}
	c.cleanup("log of "+name, file.Close)
	return file, nil
}

// tethered is a script that runs a program through tether. envtest starts its
// programs by itself and cannot be told that they shall end with us.
func (c *Cluster) tethered(program string) string {
	return fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' \"$@\"\n", c.tether, program)
}

// startEnvironment is env.Start, which cannot be interrupted: when ctx ends, its
// programs are stopped as soon as it has returned.
func startEnvironment(ctx context.Context, env *envtest.Environment) (*rest.Config, error) {
	config, err := env.Start()
	if err == nil {
		err = ctx.Err()
	}
	return config, err
}

// startControllerManager starts kube-controller-manager and waits until it has
// made the default ServiceAccount.
func (c *Cluster) startControllerManager(ctx context.Context) error {
	certs := c.env.ControlPlane.APIServer.CertDir
	ca := c.file("cluster-ca.crt")
	if err := os.WriteFile(ca, c.Config.CAData, 0o644); err != nil {
		return err
	}
	args := []string{
		"--kubeconfig=" + c.Kubeconfig,
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + filepath.Join(certs, "sa-signer.key"),
		"--root-ca-file=" + ca,
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
	if c.options.NodeAddress == "" {
		// No kubelet reports for the tests' Node objects, and none shall be
		// tainted or emptied for it.
		args = append(args, "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller")
	}
	p, err := c.run("kube-controller-manager", c.Parts.KubeControllerManager, args...)
	if err != nil {
		return err
	}
	return p.wait(ctx, startTimeout, func(ctx context.Context) error {
		_, err := c.Client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// Run starts a program beside the cluster's own and waits until ready returns nil;
// Stop of the cluster ends it, before what was started earlier. Its output goes to
// <name>.log in the work folder. The error of a program that ended, or was not
// ready in time, has the end of that.
func (c *Cluster) Run(ctx context.Context, name string, ready func(context.Context) error, path string, args ...string) error {
	p, err := c.run(name, path, args...)
	if err != nil {
		return err
	}
	return p.wait(ctx, startTimeout, ready)
}

// run starts a program of the cluster; Stop ends it.
func (c *Cluster) run(name, path string, args ...string) (*process, error) {
	p, err := startProcess(name, c.file(name+".log"), path, args...)
	if err != nil {
		return nil, err
	}
	c.cleanup(name, p.stop)
	return p, nil
}
