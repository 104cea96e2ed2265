package release

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// archiveName is the file in a release that has a program.
func archiveName(p program) string { return p.base() + ".tar.gz" }

// writeArchive packs a program with the license.
func (r *release) writeArchive(p program) error {
	file, err := os.Create(filepath.Join(r.out, archiveName(p)))
	if err != nil {
		return err
	}
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	out := tar.NewWriter(packed)
	err = errors.Join(r.add(out, p.name, p.path, 0o755), r.add(out, "LICENSE", filepath.Join(r.tree, "LICENSE"), 0o644))
	return errors.Join(err, out.Close(), packed.Close(), file.Close())
}

// add adds a file, root's and of the release's time.
func (r *release) add(out *tar.Writer, name, path string, mode int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size(), ModTime: r.time, Format: tar.FormatUSTAR}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
