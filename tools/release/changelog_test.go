package release

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const changelog = `# Changelog

Words.

## [Unreleased]

### Added

- New.

## [0.2.0] - 2026-12-01

- Old.

## [0.1.0] - 2026-11-01
`

func TestChangesOf(t *testing.T) {
	for sentence, c := range map[string]struct{ text, number, want, wantError string }{
		"a version has what stands below it":          {changelog, "0.2.0", "- Old.", ""},
		"one that is not there has what is to come":   {changelog, "0.3.0", "### Added\n\n- New.", ""},
		"one with nothing below it is not released":   {changelog, "0.1.0", "", `read CHANGELOG.md: nothing stands below "## [0.1.0]"`},
		"a changelog without both is of another kind": {"# Changes\n", "0.1.0", "", `read CHANGELOG.md: neither version 0.1.0 nor "## [Unreleased]" is in it`},
	} {
		got, err := changesOf(c.text, c.number)
		if got != c.want || err == nil != (c.wantError == "") || err != nil && err.Error() != c.wantError {
			t.Errorf("%s: %q, %v, want %q, %s", sentence, got, err, c.want, c.wantError)
		}
	}
}

func TestReleaseChanges(t *testing.T) {
	day := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	got, err := releaseChanges(changelog, "0.3.0", day)
	if err != nil {
		t.Fatal(err)
	}
	want := `# Changelog

Words.

## [Unreleased]

## [0.3.0] - 2027-01-02

### Added

- New.

## [0.2.0] - 2026-12-01

- Old.

## [0.1.0] - 2026-11-01
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the changelog (-want +got):\n%s", diff)
	}
	if again, err := releaseChanges(got, "0.3.0", day.AddDate(0, 0, 1)); err != nil || again != got {
		t.Errorf("what is released is released again: %v\n%s", err, again)
	}
	if _, err := releaseChanges(got, "0.4.0", day); err == nil {
		t.Error("a release without changes is no error")
	}
}
