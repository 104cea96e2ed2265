package parts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// KubernetesVariable is the variable of the environment by which tests choose Options.Kubernetes.
const KubernetesVariable = "KUBERNETES_MODULE"

// Options says where to build and where to tell about it.
type Options struct {
	// Repository is the root folder of the repository. Required; FindRepository
	// finds it.
	Repository string
	// Progress is where progress is told; nil tells nothing. A terminal gets one
	// line for each program that is updated in place, anything else a line now
	// and then.
	Progress io.Writer
	// Kubernetes is the folder, below this one, of the module whose Kubernetes is built: "kubernetes" if it is empty, or
	// "kubernetes-oldest".
	Kubernetes string
	// Assets is a folder with etcd, kube-apiserver and kubectl of the user's
	// choice, which are then not built (setup-envtest's KUBEBUILDER_ASSETS).
	// Empty builds them.
	Assets string
}

// Parts are the programs of the test cluster, as absolute paths.
type Parts struct {
	Etcd                  string
	KubeAPIServer         string
	KubeControllerManager string
	Kubectl               string
	CertManager           string
	// CertManagerCRDs is the folder of cert-manager's CustomResourceDefinitions.
	CertManagerCRDs string
	// KubernetesVersion and the others are the versions that the go.mod files
	// ask for, whether or not Options.Assets stands in for some.
	KubernetesVersion, EtcdVersion, CertManagerVersion string
}

// program is one executable to be built.
type program struct {
	path    string // where it shall be
	module  string // folder of the module that it is built in
	pkg     string // package path
	version string // for people
	ldflags string
	tags    string
}

// Build returns the programs, building those that are not there yet. A program
// appears under its name only when it is complete: an interrupted build leaves
// nothing that a later one would take for done, and two builds at a time only do
// the work twice. It stops when ctx ends.
func Build(ctx context.Context, o Options) (*Parts, error) {
	parts, programs, err := plan(o)
	if err != nil {
		return nil, err
	}
	if err := buildMissing(ctx, programs, o.Progress); err != nil {
		return nil, err
	}
	module := filepath.Join(o.Repository, modules, "cert-manager")
	if err := copyCRDs(ctx, module, parts.CertManagerCRDs); err != nil {
		return nil, fmt.Errorf("copy cert-manager's CustomResourceDefinitions: %w", err)
	}
	return parts, nil
}

// buildMissing builds those of the programs that are not there yet.
func buildMissing(ctx context.Context, programs []program, progress io.Writer) error {
	for _, p := range programs {
		if exists(p.path) {
			continue
		}
		if err := build(ctx, p, progress); err != nil {
			return fmt.Errorf("build %s: %w", filepath.Base(p.path), err)
		}
	}
	return nil
}

// Missing lists the names of the programs that Build would have to build.
func Missing(o Options) ([]string, error) {
	_, programs, err := plan(o)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range programs {
		if !exists(p.path) {
			names = append(names, filepath.Base(p.path))
		}
	}
	return names, nil
}

// modules is the folder of the modules, below the repository's root.
const modules = "tests/cluster/parts"

// plan says where every program shall be and how to build it.
func plan(o Options) (*Parts, []program, error) {
	dir := func(name string) string { return filepath.Join(o.Repository, modules, name) }
	module := dir(cmp.Or(o.Kubernetes, "kubernetes"))
	kubernetes, err := required(module, "k8s.io/kubernetes")
	if err != nil {
		return nil, nil, err
	}
	etcd, err := required(dir("etcd"), "go.etcd.io/etcd/server/v3")
	if err != nil {
		return nil, nil, err
	}
	certManager, err := required(dir("cert-manager"), "github.com/cert-manager/cert-manager")
	if err != nil {
		return nil, nil, err
	}
	sum, err := sumOfMain(dir("cert-manager"))
	if err != nil {
		return nil, nil, err
	}

	bin := filepath.Join(o.Repository, "bin")
	plane := filepath.Join(bin, "control-plane-"+kubernetes+"-etcd-"+etcd)
	cm := filepath.Join(bin, "cert-manager-"+certManager+"-"+sum)
	parts := &Parts{
		Etcd:                  filepath.Join(plane, "etcd"),
		KubeAPIServer:         filepath.Join(plane, "kube-apiserver"),
		KubeControllerManager: filepath.Join(plane, "kube-controller-manager"),
		Kubectl:               filepath.Join(plane, "kubectl"),
		CertManager:           filepath.Join(cm, "cert-manager"),
		CertManagerCRDs:       filepath.Join(cm, "crds"),
		KubernetesVersion:     kubernetes,
		EtcdVersion:           etcd,
		CertManagerVersion:    certManager,
	}
	kube := func(path string) program { return kubernetesProgram(path, module, kubernetes) }
	controllerManager := kube(parts.KubeControllerManager)
	manager := program{path: parts.CertManager, module: dir("cert-manager"), pkg: ".", version: certManager}
	if o.Assets == "" {
		return parts, []program{
			{path: parts.Etcd, module: dir("etcd"), pkg: "go.etcd.io/etcd/server/v3", version: etcd},
			kube(parts.KubeAPIServer), controllerManager, kube(parts.Kubectl), manager,
		}, nil
	}
	assets, err := filepath.Abs(o.Assets)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range []*string{&parts.Etcd, &parts.KubeAPIServer, &parts.Kubectl} {
		*p = filepath.Join(assets, filepath.Base(*p))
		if !exists(*p) {
			return nil, nil, fmt.Errorf("find %s in the given assets: %q is not there", filepath.Base(*p), *p)
		}
	}
	return parts, []program{controllerManager, manager}, nil
}

// kubernetesProgram is one of Kubernetes' programs, named as its path ends.
func kubernetesProgram(path, module, version string) program {
	return program{
		path: path, module: module, pkg: "k8s.io/kubernetes/cmd/" + filepath.Base(path),
		version: version, ldflags: versionFlags(version),
	}
}

// sumOfMain names the state of the main.go in dir, of which a program is built.
func sumOfMain(dir string) (string, error) {
	source, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		return "", fmt.Errorf("read the program of %q: %w", filepath.Base(dir), err)
	}
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:4]), nil
}

// versionFlags are the linker's flags that tell Kubernetes' programs their
// version. Without them the server calls itself v0.0.0-master and clients
// stumble over that.
func versionFlags(version string) string {
	minor := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags, "-X "+pkg+".gitVersion="+version)
		if len(minor) == 3 {
			flags = append(flags, "-X "+pkg+".gitMajor="+minor[0], "-X "+pkg+".gitMinor="+minor[1])
		}
	}
	return strings.Join(flags, " ")
}

// required returns the version of a module that the go.mod in dir requires.
func required(dir, module string) (string, error) {
	file := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the required version of %q: %w", module, err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("find the required version of %q: no line for it in %q", module, file)
}

// FindRepository returns the root folder of the repository that dir is in: the
// nearest folder upwards that holds this package.
func FindRepository(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the repository of %q: %w", dir, err)
	}
	for at := abs; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, modules, "parts.go")) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the repository of %q: no folder above it holds %s", abs, modules)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
