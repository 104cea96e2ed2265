package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Where the version and the changes stand in the tree.
var (
	chartPlace     = filepath.Join("manifests", "sidecar-injector")
	changelogPlace = "CHANGELOG.md"
)

// appVersion finds the version in a Chart.yaml.
var appVersion = regexp.MustCompile(`(?m)^appVersion: "?([^"\s]+)"?$`)

// Prepare writes the version into the files of the repository that git knows, and gives the changes that are not
// released yet the version's heading, of this day. Where all of that is so already it changes nothing. It returns the
// files that it changed.
func Prepare(ctx context.Context, repository, version string, day time.Time) ([]string, error) {
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	number := strings.TrimPrefix(version, "v")
	listed, err := run(ctx, repository, nil, "git", "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	changed, err := setVersion(repository, strings.Split(strings.TrimRight(string(listed), "\x00"), "\x00"), number)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(repository, changelogPlace)
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	with, err := releaseChanges(string(text), number, day)
	if err != nil || with == string(text) {
		return changed, err
	}
	return append(changed, changelogPlace), os.WriteFile(name, []byte(with), 0o644)
}

// setVersion writes the number of the version into the tree, and gives all its files and folders the source's time.
func (s source) setVersion(number string) ([]string, error) {
	var files, all []string
	err := filepath.WalkDir(s.tree, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			inside, _ := filepath.Rel(s.tree, name)
			files = append(files, inside)
		}
		all = append(all, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	changed, err := setVersion(s.tree, files, number)
	for _, name := range slices.Backward(all) {
		err = errors.Join(err, os.Chtimes(name, s.time, s.time))
	}
	return changed, err
}

// setVersion replaces the chart's appVersion, wherever the files of the folder name it as that of the chart or of the
// image, by the number of another version, and returns the files in which something was replaced. The changelog is not
// among them: an old version was what it was.
func setVersion(folder string, files []string, number string) ([]string, error) {
	chartYAML := filepath.Join(chartPlace, "Chart.yaml")
	text, err := os.ReadFile(filepath.Join(folder, chartYAML))
	if err != nil {
		return nil, err
	}
	found := appVersion.FindSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("read %s: no appVersion", chartYAML)
	}
	old := string(found[1])
	if old == number {
		return nil, nil
	}
	everywhere := strings.NewReplacer(
		"sidecar-injector:"+old, "sidecar-injector:"+number, // the image, at any registry
		"sidecar-injector-"+old, "sidecar-injector-"+number, // the chart's package, and its label
		`app.kubernetes.io/version: "`+old+`"`, `app.kubernetes.io/version: "`+number+`"`,
		`installation: "`+old, `installation: "`+number, "--installation="+old, "--installation="+number,
		"--version "+old, "--version "+number, "VERSION=v"+old, "VERSION=v"+number,
	)
	inChart := strings.NewReplacer("\nversion: "+old, "\nversion: "+number, "\nappVersion: "+old, "\nappVersion: "+number)
	var changed []string
	for _, name := range files {
		if name == changelogPlace {
			continue
		}
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // a file that git knows and that is gone, or a link
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		with := everywhere.Replace(string(text))
		if name == chartYAML {
			with = inChart.Replace(with)
		}
		if with == string(text) {
			continue
		}
		if err := os.WriteFile(path, []byte(with), info.Mode().Perm()); err != nil {
			return nil, err
		}
		changed = append(changed, name)
	}
	return changed, nil
}
