package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// writeModule writes the tree as a Go module into a folder that the go command takes as GOPROXY. The module is the one
// that any module proxy makes of a tag with these files, and so has the same checksum.
func (r *release) writeModule() error {
	folder := filepath.Join(r.out, proxyPlace, filepath.FromSlash(modulePath), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	base := filepath.Join(folder, r.Version)
	file, err := os.Create(base + ".zip")
	if err != nil {
		return err
	}
	err = zip.CreateFromDir(file, module.Version{Path: modulePath, Version: r.Version}, r.tree)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write module: %w", err)
	}
	requirements, err := os.ReadFile(filepath.Join(r.tree, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{r.Version, r.time})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(base+".mod", requirements, 0o644),
		os.WriteFile(base+".info", info, 0o644),
		os.WriteFile(filepath.Join(folder, "list"), []byte(r.Version+"\n"), 0o644),
	)
}
