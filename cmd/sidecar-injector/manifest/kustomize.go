package manifest

import (
	"context"
	"fmt"
	"runtime/metrics"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

const (
	// maxMemory is how much the heap may hold while kustomize builds: a patch of 1 MB for each of 10,000 objects takes 10
	// GB, from a few files.
	maxMemory = 2 << 30
	// maxTime is how long it may build: the time grows with the square of the number of objects.
	maxTime = 5 * time.Minute
	// memoryPause is the time between two looks at it.
	memoryPause = 50 * time.Millisecond
)

// build returns the YAML that a kustomization makes, as `kubectl -k` builds it: in the order in which it can be applied.
// What it includes from elsewhere is refused, unless allowRemote lets it be fetched, with git as there.
func build(ctx context.Context, path string, allowRemote bool) ([]byte, error) {
	ctx, end := context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it takes more than %s", maxTime))
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watchMemory(ctx, maxMemory, cancel)
	data, err := files.Wait(ctx, func() ([]byte, error) { return runKustomize(path, allowRemote) })
	switch { // Kustomize cannot be stopped, but nobody has to wait for it.
	case ctx.Err() != nil:
		return nil, fmt.Errorf("build the kustomization %q: %w", path, context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("build the kustomization %q: %s", path, beginning(oneLine(err)))
	}
	return data, nil
}

// beginning cuts what is too long: kustomize's errors may have a whole file in them.
func beginning(text string) string {
	const most = 2000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// watchMemory cancels when the heap holds more bytes than the limit. It ends with ctx.
func watchMemory(ctx context.Context, limit uint64, cancel context.CancelCauseFunc) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for ctx.Err() == nil {
		if metrics.Read(heap); heap[0].Value.Uint64() > limit {
			cancel(fmt.Errorf("it takes more than %d MiB of memory", limit>>20))
			return
		}
		time.Sleep(memoryPause)
	}
}

func runKustomize(path string, allowRemote bool) ([]byte, error) {
	if err := checkRemote(path, allowRemote); err != nil {
		return nil, err
	}
	if err := limitGit(allowRemote); err != nil {
		return nil, err
	}
	guard := newGuard(allowRemote)
	defer limitHTTP(guard)()
	options := krusty.MakeDefaultOptions() // Plug-ins, functions and Helm stay off.
	options.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(options).Run(guard, path)
	if guard.refused != nil {
		return nil, guard.refused
	}
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}
