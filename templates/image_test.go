package templates

import "testing"

func TestImagePatterns(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for pattern, images := range map[string]struct{ allowed, refused []string }{
		"ghcr.io": {
			[]string{"ghcr.io/org/envoy", "ghcr.io/org/team/envoy:1" + digest},
			[]string{"ghcr.io.evil.example/org/envoy", "ghcr.io:8080/org/envoy", "docker.io/ghcr.io/envoy", "envoy", "GHCR.IO/org/envoy"},
		},
		"ghcr.io/org": {
			[]string{"ghcr.io/org/envoy", "ghcr.io/org/team/envoy:1", "ghcr.io/org:latest", "ghcr.io/org/envoy" + digest},
			[]string{"ghcr.io/org-evil/envoy", "ghcr.io/orgs/envoy", "ghcr.io/organization", "ghcr.io/other/org/envoy", "evil.example/ghcr.io/org/envoy", "ghcr.io/org/../evil/envoy", "ghcr.io/org//envoy"},
		},
		"ghcr.io/org/":  {[]string{"ghcr.io/org/envoy"}, []string{"ghcr.io/org-evil/envoy"}},
		"ghcr.io/org/*": {[]string{"ghcr.io/org/envoy"}, []string{"ghcr.io/org-evil/envoy"}},
		"docker.io/envoyproxy/envoy": {
			[]string{"envoyproxy/envoy", "envoyproxy/envoy:v1.40.0", "docker.io/envoyproxy/envoy", "index.docker.io/envoyproxy/envoy:v1" + digest},
			[]string{"envoyproxy/envoy-dev", "envoy", "localhost/envoyproxy/envoy", "envoyproxy/envoy:", "envoyproxy/envoy@sha256:1", " envoyproxy/envoy", "envoyproxy/envoy:a/b", "EnvoyProxy/envoy", ""},
		},
		"docker.io/library":     {[]string{"nginx", "library/nginx:1", "docker.io/nginx"}, []string{"envoyproxy/nginx", "ghcr.io/nginx"}},
		"index.docker.io":       {[]string{"nginx", "envoyproxy/envoy"}, []string{"ghcr.io/nginx"}},
		"localhost:5000/envoy":  {[]string{"localhost:5000/envoy:1"}, []string{"localhost:50001/envoy", "localhost/envoy"}},
		"ghcr.io/org/envoy:1.2": {[]string{"ghcr.io/org/envoy:1.2"}, []string{"ghcr.io/org/envoy:1.20", "ghcr.io/org/envoy", "ghcr.io/org/envoy:1.2" + digest, "ghcr.io/org/envoy/more:1.2"}},
		"ghcr.io/org/envoy" + digest: {
			[]string{"ghcr.io/org/envoy" + digest, "ghcr.io/org/envoy:1.2" + digest},
			[]string{"ghcr.io/org/envoy", "ghcr.io/org/envoy@sha256:ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		},
		"docker.io/nginx:1.2": {[]string{"nginx:1.2", "docker.io/library/nginx:1.2"}, []string{"nginx:1.3", "nginx"}},
		"*":                   {[]string{"envoy", "ghcr.io/org/envoy" + digest}, nil},
	} {
		t.Run(pattern, func(t *testing.T) {
			parsed, err := parseImagePattern(pattern)
			if err != nil {
				t.Fatal(err)
			}
			allows := func(reference string) bool {
				image, ok := parseImage(reference)
				return ok && parsed.allows(image)
			}
			for _, reference := range images.allowed {
				if !allows(reference) {
					t.Errorf("%q is refused", reference)
				}
			}
			for _, reference := range images.refused {
				if allows(reference) {
					t.Errorf("%q is allowed", reference)
				}
			}
		})
	}
}

func TestImagePatternsThatAreNone(t *testing.T) {
	for _, pattern := range []string{"", "envoy", "envoyproxy/envoy", "ghcr.io/org*", "ghcr.io/o*g", "https://ghcr.io/org", "ghcr.io:port", "ghcr.io/Org", "**", "ghcr.io/org/envoy@latest", "/org"} {
		if parsed, err := parseImagePattern(pattern); err == nil {
			t.Errorf("%q is taken for %+v", pattern, parsed)
		}
	}
}
