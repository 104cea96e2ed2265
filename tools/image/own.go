package image

import "path/filepath"

// Own is the project's image: what the Dockerfile makes, of the programs in a
// folder.
func Own(folder, architecture, name string) Image {
	return Image{
		Name:         name,
		Architecture: architecture,
		Files: map[string]string{
			"/usr/local/bin/sidecar-injector": filepath.Join(folder, "sidecar-injector"),
			"/usr/local/bin/traffic-redirect": filepath.Join(folder, "traffic-redirect"),
		},
		Env:        []string{"PATH=/usr/local/bin"},
		User:       "65532:65532",
		Entrypoint: []string{"/usr/local/bin/sidecar-injector"},
		Cmd:        []string{"serve"},
	}
}
