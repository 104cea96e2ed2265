package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// The names of the project: of its Go module, of its image and of its chart, which have the version without "v" as tag.
const (
	modulePath = "github.com/sidecar-injector/sidecar-injector"
	imageName  = "ghcr.io/sidecar-injector/sidecar-injector"
	chartName  = "ghcr.io/sidecar-injector/charts/sidecar-injector"
)

// The files of a release whose names others know.
const (
	imageFile  = "sidecar-injector-image.tar"
	chartFile  = "sidecar-injector-chart.tar"
	sumsFile   = "SHA256SUMS"
	notesFile  = "release-notes.md"
	proxyPlace = "goproxy"
)

// Options say what is released. All but the platforms have to be given.
type Options struct {
	// Repository is the folder of the clone. What is released is its commit HEAD; files that were changed since are not.
	Repository string
	// Version is that of the release, as Go has it: v1.2.3 or v1.2.3-rc.1.
	Version string
	// Platforms are what is built for, such as linux/arm64. Empty: all that are supported.
	Platforms []string
	// Out is the folder for the release. It is made, or replaced if it has a release already.
	Out string
	// BuildFlags are flags of go install, such as -trimpath.
	BuildFlags []string
	// Progress is told what is done, one line for each step.
	Progress io.Writer
}

// release is one release that is being made.
type release struct {
	Options
	source
	number    string // the version without "v"
	platforms []platform
	work, out string  // folders: for what is thrown away, and for what is kept
	digest    v1.Hash // the image's, once it is made
}

// Make makes the release. The folder Out is there under its name only when the release is complete.
func Make(ctx context.Context, o Options) (err error) {
	if err := checkVersion(o.Version); err != nil {
		return err
	}
	platforms, err := parsePlatforms(o.Platforms)
	if err != nil {
		return err
	}
	if o.Out, err = filepath.Abs(o.Out); err != nil {
		return err
	}
	if err := checkOut(o.Out); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.Out), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(o.Out), ".release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	r := &release{Options: o, number: strings.TrimPrefix(o.Version, "v"), platforms: platforms, work: work, out: filepath.Join(work, "out")}
	if err := os.Mkdir(r.out, 0o755); err != nil {
		return err
	}
	if err := r.make(ctx); err != nil {
		return fmt.Errorf("make release %s: %w", o.Version, err)
	}
	if err := os.RemoveAll(o.Out); err != nil {
		return err
	}
	return os.Rename(r.out, o.Out)
}

func (r *release) make(ctx context.Context) error {
	var err error
	if r.source, err = checkOutSource(ctx, r.Repository, filepath.Join(r.work, "tree")); err != nil {
		return err
	}
	if changed, err := run(ctx, r.Repository, nil, "git", "status", "--porcelain", "--untracked-files=no"); err != nil {
		return err
	} else if len(changed) > 0 {
		r.say("WARNING: files that were changed since the last commit are released as they were:\n%s", changed)
	}
	r.say("commit %s of %s", r.revision, r.time.Format("2006-01-02 15:04:05Z"))
	if _, err := r.setVersion(r.number); err != nil {
		return err
	}
	changes, err := r.changes()
	if err != nil {
		return err
	}
	if err := r.writeModule(); err != nil {
		return err
	}
	programs, err := r.build(ctx)
	if err != nil {
		return err
	}
	for _, p := range programs {
		if err := r.writeArchive(p); err != nil {
			return err
		}
		if err := r.writeProgramSBOM(p); err != nil {
			return err
		}
	}
	if err := r.writeImage(programs); err != nil {
		return err
	}
	if err := r.writeChart(ctx); err != nil {
		return err
	}
	if err := r.writePlugin(programs); err != nil {
		return err
	}
	if err := r.writeNotes(changes); err != nil {
		return err
	}
	return r.writeSums()
}

// say tells of a step.
func (r *release) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, "release: "+format+"\n", args...)
}

// checkVersion says whether a version is one of a Go module and of a chart and a tag of an image at once.
func checkVersion(version string) error {
	if semver.Canonical(version) != version || semver.Build(version) != "" || module.Check(modulePath, version) != nil {
		return fmt.Errorf("version %q: want one such as v0.2.0 or v1.2.3-rc.1, of major version 0 or 1", version)
	}
	return nil
}

// checkOut refuses a folder in which there is something else than a release.
func checkOut(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, sumsFile)); err != nil {
		return fmt.Errorf("folder %q: it has files, but no release whose place could be taken", folder)
	}
	return nil
}
