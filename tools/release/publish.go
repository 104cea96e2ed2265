package release

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/authn/github"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Publish sends the image and the chart of the release in the folder dist to their registry, or to another one, such as
// mirror.example or 127.0.0.1:5000/mirror, under which they keep their names. Nothing is built: the digests are those of
// the archives. Who it is to the registry is what docker or helm logged in as, or, at ghcr.io, GITHUB_TOKEN. It tells
// progress of each reference with its digest.
func Publish(ctx context.Context, dist, registry string, progress io.Writer) error {
	for _, file := range []string{imageFile, chartFile} {
		if err := publish(ctx, filepath.Join(dist, file), registry, progress); err != nil {
			return fmt.Errorf("publish %s: %w", file, err)
		}
	}
	return nil
}

func publish(ctx context.Context, archive, registry string, progress io.Writer) error {
	folder, err := os.MkdirTemp("", "publish-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := unpack(file, folder); err != nil {
		return err
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, descriptor := range manifest.Manifests {
		reference := descriptor.Annotations["org.opencontainers.image.ref.name"]
		if registry != "" {
			_, path, _ := strings.Cut(reference, "/")
			reference = strings.TrimSuffix(registry, "/") + "/" + path
		}
		tag, err := name.NewTag(reference)
		if err != nil {
			return err
		}
		if err := send(ctx, index, descriptor, tag); err != nil {
			return err
		}
		fmt.Fprintf(progress, "%s@%s\n", tag, descriptor.Digest)
	}
	return nil
}

// send sends one image or index of a layout.
func send(ctx context.Context, from v1.ImageIndex, descriptor v1.Descriptor, to name.Tag) error {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.NewMultiKeychain(authn.DefaultKeychain, github.Keychain))}
	if descriptor.MediaType.IsIndex() {
		index, err := from.ImageIndex(descriptor.Digest)
		if err != nil {
			return err
		}
		return remote.WriteIndex(to, index, options...)
	}
	image, err := from.Image(descriptor.Digest)
	if err != nil {
		return err
	}
	return remote.Write(to, image, options...)
}
