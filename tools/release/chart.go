package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

// The media types of a chart in a registry.
const (
	chartConfigType  types.MediaType = "application/vnd.cncf.helm.config.v1+json"
	chartContentType types.MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// writeChart packs the chart as helm does, for helm push, and as helm push stores it in a registry. It also adds
// install.yaml, for those without helm.
func (r *release) writeChart(ctx context.Context) error {
	name := chartName + ":" + r.number
	r.say("chart %s", name)
	chart := filepath.Join(r.tree, chartPlace)
	modfile := "-modfile=" + filepath.Join(r.tree, "tools", "helm", "go.mod")
	// What helm keeps is in the folder that is thrown away.
	environment := []string{"HELM_CONFIG_HOME=" + r.work, "HELM_CACHE_HOME=" + r.work, "HELM_DATA_HOME=" + r.work}
	if _, err := run(ctx, r.tree, environment, "go", "tool", modfile, "helm", "package", chart, "--destination", r.out); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(r.out, "sidecar-injector-"+r.number+".tgz"))
	if err != nil {
		return err
	}
	metadata, err := os.ReadFile(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return err
	}
	artifact, err := r.chartArtifact(metadata, content)
	if err != nil {
		return fmt.Errorf("make artifact of the chart: %w", err)
	}
	if _, err := image.WriteArchive(filepath.Join(r.out, chartFile), name, artifact, nil); err != nil {
		return err
	}
	install, err := os.ReadFile(filepath.Join(r.tree, "manifests", "install.yaml"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "install.yaml"), install, 0o644)
}

// chartArtifact is what a registry holds of a chart: its Chart.yaml as JSON, and its package.
func (r *release) chartArtifact(metadata, content []byte) (v1.Image, error) {
	config, err := yaml.YAMLToJSON(metadata)
	if err != nil {
		return nil, err
	}
	layer := static.NewLayer(content, chartContentType)
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), chartConfigType)
	with, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	manifest, err := with.Manifest()
	if err != nil {
		return nil, err
	}
	manifest = manifest.DeepCopy()
	if manifest.Config.Digest, manifest.Config.Size, err = v1.SHA256(bytes.NewReader(config)); err != nil {
		return nil, err
	}
	manifest.Annotations = map[string]string{
		"org.opencontainers.image.title": "sidecar-injector", "org.opencontainers.image.version": r.number,
		"org.opencontainers.image.url": image.Source, "org.opencontainers.image.source": image.Source,
		"org.opencontainers.image.revision": r.revision, "org.opencontainers.image.created": r.time.Format(time.RFC3339),
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	return partial.CompressedToImage(artifact{config, manifest, layer})
}

// artifact is an image whose configuration is any text.
type artifact struct {
	config   []byte
	manifest *v1.Manifest
	layer    v1.Layer
}

// MediaType is the manifest's.
func (a artifact) MediaType() (types.MediaType, error) { return a.manifest.MediaType, nil }

// RawConfigFile returns the configuration.
func (a artifact) RawConfigFile() ([]byte, error) { return a.config, nil }

// RawManifest returns the manifest as JSON.
func (a artifact) RawManifest() ([]byte, error) { return json.Marshal(a.manifest) }

// LayerByDigest returns the layer, whose digest has to be this one.
func (a artifact) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	if own, err := a.layer.Digest(); err != nil || own != digest {
		return nil, errors.Join(err, fmt.Errorf("no layer %s", digest))
	}
	return a.layer, nil
}
