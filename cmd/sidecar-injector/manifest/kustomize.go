package manifest

import (
	"context"
	"fmt"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// build returns the documents of a kustomization, as `kubectl -k` builds it: in the order in which they can be applied.
// What it includes from elsewhere is fetched with git, as there.
func build(ctx context.Context, path string) ([]Document, error) {
	type built struct {
		data []byte
		err  error
	}
	done := make(chan built, 1)
	go func() {
		data, err := runKustomize(path)
		done <- built{data, err}
	}()
	select {
	case <-ctx.Done(): // Kustomize cannot be stopped, but nobody has to wait for it.
		return nil, fmt.Errorf("build the kustomization %q: %w", path, ctx.Err())
	case result := <-done:
		if result.err != nil {
			return nil, fmt.Errorf("build the kustomization %q: %s", path, oneLine(result.err))
		}
		return parseSource(path, result.data)
	}
}

func runKustomize(path string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), path)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}
