package release

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// unreleased is the heading of the changes that are in no release yet.
const unreleased = "## [Unreleased]"

// changes are what the changelog says of the version.
func (r *release) changes() (string, error) {
	text, err := os.ReadFile(filepath.Join(r.tree, changelogPlace))
	if err != nil {
		return "", err
	}
	return changesOf(string(text), r.number)
}

// writeNotes writes the changes, with how the release is got and checked.
func (r *release) writeNotes(changes string) error {
	notes := changes + "\n\n## Get it\n\n" +
		"```console\n" +
		"$ helm install sidecar-injector oci://" + chartName + " --version " + r.number + " --namespace sidecar-injector --create-namespace\n" +
		"$ docker pull " + imageName + ":" + r.number + "@" + r.digest.String() + "\n" +
		"$ go install " + modulePath + "/cmd/sidecar-injector@" + r.Version + "\n" +
		"```\n\n" +
		"`SHA256SUMS` has the sums of all files: `sha256sum --check --ignore-missing SHA256SUMS`. `make release VERSION=" + r.Version + "`\n" +
		"at commit " + r.revision + " makes the same bytes with " + runtime.Version() + ".\n"
	return os.WriteFile(filepath.Join(r.out, notesFile), []byte(notes), 0o644)
}

// changesOf returns what a changelog says of a version, without its heading: what stands below "## [1.2.3]", else, for a
// version that is not in it yet, below "## [Unreleased]".
func changesOf(text, number string) (string, error) {
	for _, heading := range []string{"## [" + number + "]", unreleased} {
		if _, section, _, found := cutSection(text, heading); found {
			if section = strings.TrimSpace(section); section == "" {
				return "", fmt.Errorf("read %s: nothing stands below %q", changelogPlace, heading)
			}
			return section, nil
		}
	}
	return "", fmt.Errorf("read %s: neither version %s nor %q is in it", changelogPlace, number, unreleased)
}

// releaseChanges gives the changes that are not released the heading of a version, unless the changelog has that one.
func releaseChanges(text, number string, day time.Time) (string, error) {
	if _, _, _, found := cutSection(text, "## ["+number+"]"); found {
		return text, nil
	}
	before, section, after, found := cutSection(text, unreleased)
	if !found || strings.TrimSpace(section) == "" {
		return "", errors.New("read " + changelogPlace + ": nothing stands below " + unreleased)
	}
	return before + unreleased + "\n\n## [" + number + "] - " + day.Format(time.DateOnly) + "\n" + section + after, nil
}

// cutSection finds the line that begins with the heading, and cuts the text into what stands before it, below it up to
// the next heading of its kind, and after that.
func cutSection(text, heading string) (before, section, after string, found bool) {
	start := strings.Index("\n"+text, "\n"+heading)
	if start < 0 {
		return "", "", "", false
	}
	before, rest := text[:start], text[start:]
	_, below, _ := strings.Cut(rest, "\n")
	end := strings.Index("\n"+below, "\n## ")
	if end < 0 {
		return before, below, "", true
	}
	return before, below[:end], below[end:], true
}
