package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Write writes the image as an OCI archive to the file to, which is there under its name only when it is complete.
func Write(to string, i Image) error {
	image, err := build(i)
	if err != nil {
		return fmt.Errorf("make image %q: %w", i.Name, err)
	}
	_, err = WriteArchive(to, i.Name, image, i.platform())
	return err
}

// WriteIndex writes an image for several platforms to the file to, as Write does: its archive names an index of the
// images, each of which is for another architecture. Their own names are not used. It returns the index's digest.
func WriteIndex(to, name string, images []Image) (v1.Hash, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, i := range images {
		image, err := build(i)
		if err != nil {
			return v1.Hash{}, fmt.Errorf("make image %q for %s: %w", name, i.Architecture, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: i.platform()}})
	}
	return WriteArchive(to, name, index, nil)
}

// WriteArchive writes an image, an index or an artifact to the file to, as an OCI archive that gives it the reference
// name, and returns its digest. The platform may be nil.
func WriteArchive(to, name string, content mutate.Appendable, platform *v1.Platform) (v1.Hash, error) {
	folder, err := os.MkdirTemp("", "image-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	// containerd reads the one annotation, podman and skopeo the other.
	annotations := map[string]string{"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex),
		mutate.IndexAddendum{Add: content, Descriptor: v1.Descriptor{Annotations: annotations, Platform: platform}})
	if _, err := layout.Write(folder, index); err != nil {
		return v1.Hash{}, fmt.Errorf("write image %q: %w", name, err)
	}
	if err := pack(to, folder); err != nil {
		return v1.Hash{}, err
	}
	return content.Digest()
}

// pack packs a folder into a tar file.
func pack(to, folder string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // nothing, once it has the other name
	out := tar.NewWriter(file)
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		return addFile(out, filepath.ToSlash(inside), name)
	})
	if err := errors.Join(err, out.Close(), file.Chmod(0o644), file.Close()); err != nil {
		return fmt.Errorf("write archive %q: %w", to, err)
	}
	return os.Rename(file.Name(), to)
}
