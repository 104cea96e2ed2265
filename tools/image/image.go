// Package image makes container images of programs and files on nothing, without
// a daemon and without root, as OCI archives: tar files that ctr, podman, skopeo
// and docker take. The same content makes the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image says what is in an image.
type Image struct {
	// Name is the reference that the archive gives it, with registry and tag.
	Name string
	// Files are the image's files: absolute path in the image to path on this
	// machine, where links are followed. They keep whether they can be run.
	Files map[string]string
	// Architecture is Go's name of it; the system is Linux.
	Architecture string
	// User, Env, Entrypoint, Cmd and Labels are as in a Dockerfile.
	User            string
	Env             []string
	Entrypoint, Cmd []string
	Labels          map[string]string
	// Created is told in the image's configuration, not in its files. Zero: nothing is told.
	Created time.Time
	// Uncompressed leaves the files as they are, for an image that does not travel.
	Uncompressed bool
}

func (i Image) platform() *v1.Platform {
	return &v1.Platform{OS: "linux", Architecture: i.Architecture}
}

// build returns the image, with all its files in one layer.
func build(i Image) (v1.Image, error) {
	content, err := layer(i.Files)
	if err != nil {
		return nil, err
	}
	added := static.NewLayer(content, types.OCIUncompressedLayer)
	if !i.Uncompressed {
		opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
		if added, err = tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer)); err != nil {
			return nil, err
		}
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, added)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", i.Architecture
	config.Config = v1.Config{User: i.User, Env: i.Env, Entrypoint: i.Entrypoint, Cmd: i.Cmd, Labels: i.Labels}
	config.Created = v1.Time{Time: i.Created}
	return mutate.ConfigFile(image, config)
}

// layer is a tar of the files, and of the folders above them, root's all and
// without times.
func layer(files map[string]string) ([]byte, error) {
	var buffer bytes.Buffer
	out := tar.NewWriter(&buffer)
	made := map[string]bool{"/": true}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !path.IsAbs(name) || path.Clean(name) != name {
			return nil, fmt.Errorf("add file %q: not a clean absolute path", name)
		}
		if err := addFolders(out, made, path.Dir(name)); err != nil {
			return nil, err
		}
		if err := addFile(out, strings.TrimPrefix(name, "/"), files[name]); err != nil {
			return nil, fmt.Errorf("add file %q: %w", name, err)
		}
	}
	return buffer.Bytes(), out.Close()
}

func addFolders(out *tar.Writer, made map[string]bool, folder string) error {
	if made[folder] {
		return nil
	}
	if err := addFolders(out, made, path.Dir(folder)); err != nil {
		return err
	}
	made[folder] = true
	mode := int64(0o755)
	if folder == "/tmp" {
		mode = 0o1777
	}
	return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: mode})
}

func addFile(out *tar.Writer, name, source string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
