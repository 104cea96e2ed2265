package image

import (
	"path/filepath"
	"time"
)

// Source is where the project's code is, which its images name.
const Source = "https://github.com/sidecar-injector/sidecar-injector"

// Build is what an image tells of the build of its programs. What is empty is not told.
type Build struct {
	Version, Revision string
	Created           time.Time
}

// Own is the project's image, of the programs in a folder: both, on nothing, run by nobody's user.
func Own(folder, architecture, name string, of Build) Image {
	labels := map[string]string{
		"org.opencontainers.image.title":         "sidecar-injector",
		"org.opencontainers.image.description":   "A stand-alone sidecar injector for Kubernetes",
		"org.opencontainers.image.url":           Source,
		"org.opencontainers.image.source":        Source,
		"org.opencontainers.image.documentation": Source + "#readme",
		"org.opencontainers.image.licenses":      "Apache-2.0",
	}
	if of.Version != "" {
		labels["org.opencontainers.image.version"] = of.Version
	}
	if of.Revision != "" {
		labels["org.opencontainers.image.revision"] = of.Revision
	}
	if !of.Created.IsZero() {
		labels["org.opencontainers.image.created"] = of.Created.UTC().Format(time.RFC3339)
	}
	return Image{
		Name:         name,
		Architecture: architecture,
		Files: map[string]string{
			"/usr/local/bin/sidecar-injector": filepath.Join(folder, "sidecar-injector"),
			"/usr/local/bin/traffic-redirect": filepath.Join(folder, "traffic-redirect"),
		},
		Env: []string{"PATH=/usr/local/bin"},
		// A number, so that runAsNonRoot can be checked.
		User:       "65532:65532",
		Entrypoint: []string{"/usr/local/bin/sidecar-injector"},
		Cmd:        []string{"serve"},
		Labels:     labels,
		Created:    of.Created.UTC(),
	}
}
