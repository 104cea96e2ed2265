package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	// fetchTimeout is for a whole file from a URL, fetchLimit its size: manifests are small, and what is larger is hardly
	// one.
	fetchTimeout = 30 * time.Second
	fetchLimit   = 64 << 20
)

// fetch reads what stands behind an http or https URL.
func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err // the address is said once
		}
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, fetchLimit+1))
	if err == nil && len(data) > fetchLimit {
		err = fmt.Errorf("more than %d MiB", fetchLimit>>20)
	}
	return data, err
}

// build builds a kustomization as kubectl does. The documents' source is the directory.
func build(directory string) ([]Document, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), directory)
	if err != nil {
		return nil, fmt.Errorf("build the kustomization %q: %w", directory, err)
	}
	data, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("build the kustomization %q: %w", directory, err)
	}
	return parseSource(directory, data)
}
