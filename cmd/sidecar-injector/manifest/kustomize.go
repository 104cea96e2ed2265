package manifest

import (
	"context"
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// gitProtocols is the variable that tells git which protocols it may speak. The protocols that this program lets it are
// those that run nothing here; somebody's own list wins.
const (
	gitProtocols     = "GIT_ALLOW_PROTOCOL"
	remoteProtocols  = "http:https:ssh"
	noRemoteProtocol = "none"
)

// build returns the YAML that a kustomization makes, as `kubectl -k` builds it: in the order in which it can be applied.
// What it includes from elsewhere is refused, unless allowRemote lets it be fetched, with git as there.
func build(ctx context.Context, path string, allowRemote bool) ([]byte, error) {
	data, err := files.Await(ctx, func() ([]byte, error) { return runKustomize(path, allowRemote) })
	switch { // Kustomize cannot be stopped, but nobody has to wait for it.
	case ctx.Err() != nil:
		return nil, fmt.Errorf("build the kustomization %q: %w", path, ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("build the kustomization %q: %s", path, oneLine(err))
	}
	return data, nil
}

func runKustomize(path string, allowRemote bool) ([]byte, error) {
	if err := checkRemote(path, allowRemote); err != nil {
		return nil, err
	}
	if err := limitGit(allowRemote); err != nil {
		return nil, err
	}
	guard := newRemoteGuard(filesys.MakeFsOnDisk(), allowRemote)
	options := krusty.MakeDefaultOptions() // Plug-ins, functions and Helm stay off.
	options.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(options).Run(guard, path)
	if guard.refused != nil { // Kustomize takes a file that cannot be read for one that is not there.
		return nil, guard.refused
	}
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// limitGit limits the protocols of the git that kustomize runs: to none where nothing may be fetched, should kustomize
// take anything for remote that the guard does not.
func limitGit(allowRemote bool) error {
	protocols := remoteProtocols
	switch _, own := os.LookupEnv(gitProtocols); {
	case !allowRemote:
		protocols = noRemoteProtocol
	case own:
		return nil
	}
	if err := os.Setenv(gitProtocols, protocols); err != nil {
		return fmt.Errorf("set %s: %w", gitProtocols, err)
	}
	return nil
}
