package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

// Options says how to start a cluster. The zero value is good.
type Options struct {
	// Repository is the root folder of the repository. Default: the one that the
	// working directory is in.
	Repository string
	// Assets is a folder with etcd, kube-apiserver and kubectl to use instead of
	// building them. Default: the environment's KUBEBUILDER_ASSETS, else built.
	Assets string
	// Progress is told about the builds, which may take minutes. Default: nobody.
	Progress io.Writer
	// NodeAddress is the IP address of a node that shall join; the API server
	// listens on it, pods reach it by its Service, and nodes that do not report
	// are tainted. Empty: no node joins, everything listens on loopback.
	NodeAddress string
	// ServiceRanges are those of Services' addresses where a node joins, separated
	// by a comma. Empty: 10.0.0.0/24. The first one has to be that.
	ServiceRanges string
	// Phase is called after each step with how long it took. Default: nobody is.
	Phase func(name string, took time.Duration)
}

// Cluster is a running control plane with cert-manager. Its methods may be called
// from several goroutines, but for Stop and Keep.
type Cluster struct {
	// Config is an administrator's, with no warning handler: warnings are
	// dropped. Copy it before changing it.
	Config *rest.Config
	// Kubeconfig is a file with the same rights.
	Kubeconfig string
	Client     kubernetes.Interface
	Dynamic    dynamic.Interface
	// Parts are the programs that run, and kubectl.
	Parts *parts.Parts
	// Binary is the sidecar-injector program, built from the working tree.
	Binary string
	// Repository is the root folder of the repository.
	Repository string
	// WorkDir holds logs, certificates and the store. Stop removes it.
	WorkDir string
	// WebhookAddress is the host:port that ApplyChart and StartInjector use
	// where their options name none.
	WebhookAddress string
	// ClientAddress is the only host:port at which the API server shows a client certificate: APIClientPair, a file with
	// certificate and key that may be replaced, at first one of APIClientCA with the name APIClientName.
	ClientAddress string
	APIClientPair string
	APIClientCA   *ClientAuthority

	options Options
	tether  string
	env     *envtest.Environment
	keep    bool

	mu       sync.Mutex // for cleanups: tests start injectors in parallel
	cleanups []cleanup
}

// cleanup undoes one step of Start.
type cleanup struct {
	name string
	run  func() error
}

// Start builds what is missing and starts a cluster. The caller must Stop it.
// ctx ends the starting only. When it fails or ctx ends, what was started is
// stopped again; after a failure the folder with the logs stays, and the error
// names it.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	// envtest logs through controller-runtime, which complains on standard error
	// if nobody says where to.
	log.SetLogger(logr.Discard())
	c, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"etcd " + c.Parts.EtcdVersion + " and kube-apiserver " + c.Parts.KubernetesVersion, c.startControlPlane},
		{"kube-controller-manager", c.startControllerManager},
		{"cert-manager " + c.Parts.CertManagerVersion, c.startCertManager},
	}
	for _, step := range steps {
		err := c.phase(ctx, step.name, step.run)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil: // nothing went wrong
			err = fmt.Errorf("start %s: %w", step.name, ctx.Err())
		default:
			c.Keep()
			err = fmt.Errorf("start %s (logs in %s): %w", step.name, c.WorkDir, err)
		}
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// prepare builds every program and makes the work folder.
func prepare(ctx context.Context, o Options) (*Cluster, error) {
	if o.Repository == "" {
		found, err := parts.FindRepository(".")
		if err != nil {
			return nil, err
		}
		o.Repository = found
	}
	if o.Assets == "" {
		o.Assets = os.Getenv("KUBEBUILDER_ASSETS")
	}
	own := filepath.Join(o.Repository, "bin", "cluster")
	c := &Cluster{options: o, Repository: o.Repository, Binary: filepath.Join(own, "sidecar-injector"), tether: filepath.Join(own, "tether")}
	err := c.phase(ctx, "programs", func(ctx context.Context) (err error) {
		c.Parts, err = parts.Build(ctx, parts.Options{Repository: o.Repository, Progress: o.Progress, Assets: o.Assets, Kubernetes: os.Getenv(parts.KubernetesVariable)})
		if err != nil {
			return err
		}
		here := filepath.Join(o.Repository, "tests", "cluster")
		if err := parts.BuildOwn(ctx, here, "./cmd/tether", c.tether, o.Progress); err != nil {
			return err
		}
		return parts.BuildOwn(ctx, o.Repository, "./cmd/sidecar-injector", c.Binary, o.Progress)
	})
	if err != nil {
		return nil, err
	}
	if c.WorkDir, err = os.MkdirTemp("", "sidecar-injector-cluster-"); err != nil {
		return nil, fmt.Errorf("make the work folder: %w", err)
	}
	c.cleanup("work folder", func() error {
		if c.keep {
			return nil
		}
		return os.RemoveAll(c.WorkDir)
	})
	if c.WebhookAddress, err = FreeAddress(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Stop ends everything that was started, the last first, and removes the work
// folder unless Keep was called. It may be called again, which does nothing.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	cleanups := c.cleanups
	c.cleanups = nil
	c.mu.Unlock()
	var errs []error
	for _, cleanup := range slices.Backward(cleanups) {
		if err := cleanup.run(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", cleanup.name, err))
		}
	}
	return errors.Join(errs...)
}

// Keep has Stop leave the work folder, with its logs, where it is.
func (c *Cluster) Keep() { c.keep = true }

// Cleanup has Stop call run, after what was started later and before what was
// started earlier has ended. The name is for its error.
func (c *Cluster) Cleanup(name string, run func() error) { c.cleanup(name, run) }

func (c *Cluster) cleanup(name string, run func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cleanups = append(c.cleanups, cleanup{name, run})
}

// phase runs one step and tells how long it took.
func (c *Cluster) phase(ctx context.Context, name string, run func(context.Context) error) error {
	start := time.Now()
	if err := run(ctx); err != nil {
		return err
	}
	if c.options.Phase != nil {
		c.options.Phase(name, time.Since(start))
	}
	return nil
}

// file returns the path of a file in the work folder.
func (c *Cluster) file(name string) string { return filepath.Join(c.WorkDir, name) }
