package release

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestRelease makes the release of the commit for one platform, twice, from two clones, and looks at what is in it.
func TestRelease(t *testing.T) {
	dist := made(t, repository)
	files := tree(t, dist)
	programs := map[string]string{}
	for _, program := range []string{"sidecar-injector", "traffic-redirect"} {
		inside := unpacked(t, files[program+"-linux-"+runtime.GOARCH+".tar.gz"])
		if diff := cmp.Diff([]string{"LICENSE", program}, slices.Sorted(maps.Keys(inside))); diff != "" {
			t.Fatalf("archive of %s (-want +got):\n%s", program, diff)
		}
		programs[program] = filepath.Join(t.TempDir(), program)
		if err := os.WriteFile(programs[program], inside[program], 0o755); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("twice made is the same", func(t *testing.T) { testReproducible(t, files) })
	t.Run("there is everything, with its checksum", func(t *testing.T) { testSums(t, files) })
	t.Run("the programs tell the version, and which images are of it", func(t *testing.T) { testVersions(t, programs) })
	t.Run("the bills say of which modules the programs consist", func(t *testing.T) { testBills(t, files, programs) })
	t.Run("krew finds the archive with its checksum", func(t *testing.T) { testPlugin(t, files) })
	t.Run("the module is the latest of its proxy", func(t *testing.T) { testModule(t, dist) })
	t.Run("the chart is that of the version", func(t *testing.T) { testChart(t, dist, files) })
	t.Run("a registry gets the image and the chart of the archives", func(t *testing.T) { testPublish(t, dist, programs) })
	t.Run("the place of something else is not taken", func(t *testing.T) {
		err := Make(t.Context(), Options{Repository: repository, Version: testVersion, Out: repository})
		if err == nil || !strings.Contains(err.Error(), "no release whose place could be taken") {
			t.Errorf("error %v", err)
		}
	})
}

func testReproducible(t *testing.T, files map[string][]byte) {
	clone := filepath.Join(t.TempDir(), "clone")
	if _, err := run(t.Context(), repository, nil, "git", "clone", "--quiet", "--shared", ".", clone); err != nil {
		t.Fatal(err)
	}
	again := tree(t, made(t, clone))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(again))); diff != "" {
		t.Errorf("files of both releases (-first +second):\n%s", diff)
	}
	for name, content := range files {
		if !bytes.Equal(content, again[name]) {
			t.Errorf("%s is another one the second time", name)
		}
	}
}

func testSums(t *testing.T, files map[string][]byte) {
	module := proxyPlace + "/" + modulePath + "/@v/"
	sums := ""
	want := []string{sumsFile, module + "list", module + testVersion + ".info", module + testVersion + ".mod", module + testVersion + ".zip"}
	for _, name := range []string{
		"install.yaml", "release-notes.md", "sidecar-injector-" + testNumber + ".tgz", "sidecar-injector-chart.tar",
		"sidecar-injector-image.cdx.json", "sidecar-injector-image.tar",
		"sidecar-injector-linux-" + runtime.GOARCH + ".cdx.json", "sidecar-injector-linux-" + runtime.GOARCH + ".tar.gz", "sidecar.yaml",
		"traffic-redirect-linux-" + runtime.GOARCH + ".cdx.json", "traffic-redirect-linux-" + runtime.GOARCH + ".tar.gz",
	} {
		want = append(want, name)
		sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sums, string(files[sumsFile])); diff != "" {
		t.Errorf("checksums (-want +got):\n%s", diff)
	}
}

func testVersions(t *testing.T, programs map[string]string) {
	if runtime.GOOS != "linux" {
		t.Skip("WARNING: the programs of the release were NOT RUN: they are for Linux")
	}
	for program, args := range map[string][]string{"sidecar-injector": {"version"}, "traffic-redirect": {"--version"}} {
		text, err := run(t.Context(), repository, nil, programs[program], args...)
		want := fmt.Sprintf("%s %s (%s, linux/%s)\n", program, testVersion, runtime.Version(), runtime.GOARCH)
		if err != nil || string(text) != want {
			t.Errorf("%s %s: %q, %v, want %q", program, args, text, err, want)
		}
	}
	text, err := run(t.Context(), repository, nil, programs["sidecar-injector"], "preview", "-f", "examples/myapp.yaml")
	if want := "image: " + imageName + ":" + testNumber + "\n"; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("an injected pod has no %s(%v):\n%s", want, err, text)
	}
}

func testBills(t *testing.T, files map[string][]byte, programs map[string]string) {
	inImage := map[string]bool{}
	for program, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"std " + strings.TrimPrefix(info.GoVersion, "go")}
		for _, dep := range info.Deps {
			want = append(want, dep.Path+" "+dep.Version)
		}
		for _, line := range want {
			inImage[line] = true
		}
		base := program + "-linux-" + runtime.GOARCH
		bill := readBill(t, files[base+".cdx.json"])
		slices.Sort(want)
		if diff := cmp.Diff(want, componentsOf(bill, cyclonedx.ComponentTypeLibrary)); diff != "" {
			t.Errorf("modules of %s (-want +got):\n%s", program, diff)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		of := bill.Metadata.Component
		if of.Name != program || of.Version != testVersion || (*of.Hashes)[0].Value != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("the bill of %s is of %+v", program, of)
		}
	}
	bill := readBill(t, files["sidecar-injector-image.cdx.json"])
	if diff := cmp.Diff(slices.Sorted(maps.Keys(inImage)), componentsOf(bill, cyclonedx.ComponentTypeLibrary)); diff != "" {
		t.Errorf("modules of the image (-want +got):\n%s", diff)
	}
	want := []string{"sidecar-injector " + testVersion, "traffic-redirect " + testVersion}
	if diff := cmp.Diff(want, componentsOf(bill, cyclonedx.ComponentTypeApplication)); diff != "" {
		t.Errorf("programs of the image (-want +got):\n%s", diff)
	}
}

func readBill(t *testing.T, text []byte) *cyclonedx.BOM {
	t.Helper()
	var bill cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&bill); err != nil {
		t.Fatal(err)
	}
	return &bill
}

// componentsOf returns names and versions of the components of a kind, sorted.
func componentsOf(bill *cyclonedx.BOM, kind cyclonedx.ComponentType) []string {
	var found []string
	for _, component := range *bill.Components {
		if component.Type == kind {
			found = append(found, component.Name+" "+component.Version)
		}
	}
	slices.Sort(found)
	return found
}

func testPlugin(t *testing.T, files map[string][]byte) {
	var got plugin
	if err := yaml.UnmarshalStrict(files["sidecar.yaml"], &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Spec.Platforms) != 1 || got.Metadata.Name != "sidecar" || got.Spec.Version != testVersion {
		t.Fatalf("the manifest is %+v", got)
	}
	archive := "sidecar-injector-linux-" + runtime.GOARCH + ".tar.gz"
	want := pluginPlatform{
		URI:    "https://github.com/sidecar-injector/sidecar-injector/releases/download/" + testVersion + "/" + archive,
		Sha256: fmt.Sprintf("%x", sha256.Sum256(files[archive])), Bin: "sidecar-injector",
	}
	want.Selector.MatchLabels = map[string]string{"os": "linux", "arch": runtime.GOARCH}
	if diff := cmp.Diff(want, got.Spec.Platforms[0]); diff != "" {
		t.Errorf("the plug-in's platform (-want +got):\n%s", diff)
	}
}

func testModule(t *testing.T, dist string) {
	environment := []string{"GOPROXY=file://" + filepath.Join(dist, proxyPlace), "GOSUMDB=off", "GOFLAGS=-modcacherw", "GOMODCACHE=" + t.TempDir()}
	text, err := run(t.Context(), t.TempDir(), environment, "go", "list", "-m", modulePath+"@latest")
	if want := modulePath + " " + testVersion + "\n"; err != nil || string(text) != want {
		t.Errorf("go list -m: %q, %v, want %q", text, err, want)
	}
}

func testChart(t *testing.T, dist string, files map[string][]byte) {
	chart := filepath.Join(dist, "sidecar-injector-"+testNumber+".tgz")
	text, err := helm(t, "template", "sidecar-injector", chart, "--namespace", "sidecar-injector", "--set", "namespace.create=true", "--skip-tests")
	if err != nil {
		t.Fatal(err)
	}
	if image := renderedImages(t, text).Injector; image != imageName+":"+testNumber {
		t.Errorf("the chart has the image %s", image)
	}
	if diff := cmp.Diff(text, string(files["install.yaml"])); diff != "" {
		t.Errorf("install.yaml is not what the chart renders (-chart +install.yaml):\n%s", diff)
	}
	text, err = helm(t, "template", "x", chart, "--set", "global.imageRegistry=mirror.example")
	if err != nil {
		t.Fatal(err)
	}
	got := renderedImages(t, text)
	if want := "mirror.example/sidecar-injector/sidecar-injector:" + testNumber; got.Injector != want || got.Init != want {
		t.Errorf("at a mirror the images are %+v, want %s", got, want)
	}
}

// TestMakeRefuses has what is wrong before anything is made.
func TestMakeRefuses(t *testing.T) {
	for sentence, c := range map[string]struct {
		options Options
		want    string
	}{
		"no version":               {Options{}, `version "": want one such as v0.2.0`},
		"a version without v":      {Options{Version: "0.2.0"}, `version "0.2.0": want one such as v0.2.0`},
		"a version cut short":      {Options{Version: "v0.2"}, `version "v0.2": want one such as v0.2.0`},
		"a tag cannot have a plus": {Options{Version: "v0.2.0+1"}, `version "v0.2.0+1": want one such as v0.2.0`},
		"another module":           {Options{Version: "v2.0.0"}, `of major version 0 or 1`},
		"another system":           {Options{Version: "v0.2.0", Platforms: []string{"plan9/amd64"}}, `platform "plan9/amd64" is not one of [linux/amd64 linux/arm64 darwin/amd64 darwin/arm64]`},
		"no platform of the image": {Options{Version: "v0.2.0", Platforms: []string{"darwin/arm64"}}, "the image needs one of linux"},
	} {
		if err := Make(t.Context(), c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", sentence, err, c.want)
		}
	}
}
