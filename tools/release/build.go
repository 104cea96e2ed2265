package release

import (
	"bufio"
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platform is what a program is built for, in Go's names.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// supported are the platforms of a release. The init container's program is for Linux alone.
var supported = []platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}}

// parsePlatforms returns the platforms of these names, or all. One has to be Linux, which the image is for.
func parsePlatforms(names []string) ([]platform, error) {
	if len(names) == 0 {
		return supported, nil
	}
	var platforms []platform
	linux := false
	for _, name := range names {
		i := slices.IndexFunc(supported, func(p platform) bool { return p.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("platform %q is not one of %v", name, supported)
		}
		platforms = append(platforms, supported[i])
		linux = linux || supported[i].os == "linux"
	}
	if !linux {
		return nil, fmt.Errorf("platforms %v: the image needs one of linux", names)
	}
	return platforms, nil
}

// program is one that was built.
type program struct {
	name string
	platform
	path string
	*buildinfo.BuildInfo
}

// base is the name of the program's files in a release, without their endings. The version is not in it, so that the
// address of the latest release's is always the same.
func (p program) base() string { return p.name + "-" + p.os + "-" + p.arch }

// build installs the programs for each platform from the module that writeModule wrote.
func (r *release) build(ctx context.Context) ([]program, error) {
	sums, err := readSums(filepath.Join(r.tree, "go.sum"))
	if err != nil {
		return nil, err
	}
	proxies, err := r.proxies(ctx)
	if err != nil {
		return nil, err
	}
	var programs []program
	for _, p := range r.platforms {
		names := []string{"sidecar-injector"}
		if p.os == "linux" {
			names = append(names, "traffic-redirect")
		}
		args := append([]string{"install"}, r.BuildFlags...)
		for _, name := range names {
			args = append(args, modulePath+"/cmd/"+name+"@"+r.Version)
		}
		gopath := filepath.Join(r.work, p.os+"-"+p.arch)
		r.say("build %s for %s", strings.Join(names, " and "), p)
		if _, err := run(ctx, r.work, r.environment(p, gopath, proxies), "go", args...); err != nil {
			return nil, err
		}
		for _, name := range names {
			built, err := r.built(gopath, name, p, sums)
			if err != nil {
				return nil, fmt.Errorf("check %s for %s: %w", name, p, err)
			}
			programs = append(programs, built)
		}
	}
	return programs, nil
}

// environment is that of go install: what the machine and the user have set shall not be seen in the programs.
func (r *release) environment(p platform, gopath, proxies string) []string {
	return []string{
		"GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOPATH=" + gopath, "GOBIN=", "GOWORK=off", "GOFLAGS=-modcacherw",
		// A module cache of its own: until a version is tagged, its module may be another one tomorrow. The sums are those of
		// go.sum, which go install does not read; built compares them.
		"GOMODCACHE=" + filepath.Join(r.work, "modules"), "GOPROXY=" + proxies, "GONOPROXY=none", "GOSUMDB=off",
	}
}

// proxies is the GOPROXY of the build: the release's own module, then the modules that this machine has, then what is
// set.
func (r *release) proxies(ctx context.Context) (string, error) {
	text, err := run(ctx, r.work, nil, "go", "env", "GOMODCACHE", "GOPROXY")
	if err != nil {
		return "", err
	}
	cache, set, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	url := func(folder string) string { return "file://" + filepath.ToSlash(folder) }
	return strings.Join([]string{url(filepath.Join(r.out, proxyPlace)), url(filepath.Join(cache, "cache", "download")), set}, ","), nil
}

// built finds a program that was installed, and refuses one that is not of the release's version or of modules with the
// sums of go.sum.
func (r *release) built(gopath, name string, p platform, sums map[string]bool) (program, error) {
	path := filepath.Join(gopath, "bin", p.os+"_"+p.arch, name)
	if p.os == runtime.GOOS && p.arch == runtime.GOARCH {
		path = filepath.Join(gopath, "bin", name)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	if info.Main.Version != r.Version {
		return program{}, fmt.Errorf("it is of version %s", info.Main.Version)
	}
	for _, dep := range info.Deps {
		if line := dep.Path + " " + dep.Version + " " + dep.Sum; dep.Replace != nil || !sums[line] {
			return program{}, fmt.Errorf("go.sum does not have %q", line)
		}
	}
	return program{name, p, path, info}, nil
}

// readSums returns the lines of a go.sum.
func readSums(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	lines := map[string]bool{}
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		lines[scanner.Text()] = true
	}
	return lines, nil
}
