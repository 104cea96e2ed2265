//go:build linux

package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
	"github.com/sidecar-injector/sidecar-injector/tests/envoy/wheel"
	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

// Names of images that are on the node beside the injector's and Envoy's, which have
// those of the chart's values.
const (
	// PauseImage holds a pod's namespaces.
	PauseImage = "localhost/pause:1"
	// ApplicationImage is the test application (cmd/app).
	ApplicationImage = "localhost/application:1"
	// exampleImage is what examples/myapp.yaml names; here the test application is it.
	exampleImage = "docker.io/library/nginx:1.21"
)

// Prepared is what a node is made of.
type Prepared struct {
	Repository string
	Programs   *parts.Node
	// Images are OCI archives.
	Images []string
}

// Prepare builds and brings what is missing, and makes the images anew. It may need
// the network, so it comes before Enter; Inside, it only says where everything is.
// Progress is as in package parts.
func Prepare(ctx context.Context, progress io.Writer) (*Prepared, error) {
	repository, err := parts.FindRepository(".")
	if err != nil {
		return nil, err
	}
	options := parts.Options{Repository: repository, Progress: progress, Assets: os.Getenv("KUBEBUILDER_ASSETS")}
	if _, err := parts.Build(ctx, options); err != nil {
		return nil, err
	}
	p := &Prepared{Repository: repository}
	if p.Programs, err = parts.BuildNode(ctx, options); err != nil {
		return nil, err
	}
	folder := filepath.Join(repository, "bin", "node")
	if !Inside() {
		if err := makeImages(ctx, repository, folder, progress); err != nil {
			return nil, err
		}
	}
	p.Images, err = filepath.Glob(filepath.Join(folder, "*.tar"))
	return p, err
}

// makeImages builds our programs and makes all images, in a folder.
func makeImages(ctx context.Context, repository, folder string, progress io.Writer) error {
	here := filepath.Join(repository, "tests", "node")
	for name, module := range map[string]string{"sidecar-injector": repository, "traffic-redirect": repository, "app": here, "standin": here} {
		if err := parts.BuildOwn(ctx, module, "./cmd/"+name, filepath.Join(folder, name), progress); err != nil {
			return err
		}
	}
	names, err := imageNames(repository)
	if err != nil {
		return err
	}
	envoy, err := envoyImage(repository, names.Proxy.Image)
	if err != nil {
		return err
	}
	application := image.Image{
		Name: ApplicationImage, Architecture: runtime.GOARCH, Uncompressed: true,
		Files: map[string]string{"/app": filepath.Join(folder, "app")}, Entrypoint: []string{"/app"}, Cmd: []string{"serve"},
	}
	example, pause := application, application
	example.Name = exampleImage
	pause.Name, pause.Cmd = PauseImage, []string{"pause"}
	own := image.Own(folder, runtime.GOARCH, names.Init.Image, image.Build{})
	own.Uncompressed = true

	images := map[string]image.Image{"own": own, "envoy": envoy, "application": application, "example": example, "pause": pause}
	for name, of := range meshImages {
		images[name] = standIn(of, filepath.Join(folder, "standin"))
	}
	for name, content := range images {
		if err := image.Write(filepath.Join(folder, name+".tar"), content); err != nil {
			return err
		}
	}
	return nil
}

// meshImages are those that the profiles of other meshes name by default, but for Linkerd's version, which its control plane
// says; here programs stand in for theirs.
var meshImages = map[string]string{
	"linkerd":          "cr.l5d.io/linkerd/proxy:edge-1",
	"consul-init":      "docker.io/hashicorp/consul-k8s-control-plane:2.0.0",
	"consul-dataplane": "docker.io/hashicorp/consul-dataplane:2.0.0",
}

// standIn is an image of the program that stands in for a mesh's (cmd/standin).
func standIn(name, program string) image.Image {
	return image.Image{
		Name: name, Architecture: runtime.GOARCH, Uncompressed: true, Entrypoint: []string{"/standin"},
		Files: map[string]string{"/standin": program, "/bin/sh": program, "/usr/lib/linkerd/linkerd2-proxy-init": program},
	}
}

// profileImages are those values of the profile that name images.
type profileImages struct {
	Proxy, Init struct {
		Image string `json:"image"`
	}
}

// imageNames reads the names that injected pods have by default.
func imageNames(repository string) (*profileImages, error) {
	text, err := os.ReadFile(filepath.Join(repository, "templates", "profiles", "envoy", "values.yaml"))
	if err != nil {
		return nil, err
	}
	names := &profileImages{}
	if err := yaml.Unmarshal(text, names); err != nil {
		return nil, fmt.Errorf("read the profile's values: %w", err)
	}
	return names, nil
}

// envoyImage is Envoy from its wheel, with the libraries of this machine that it is
// linked with.
func envoyImage(repository, name string) (image.Image, error) {
	program, err := wheel.Find(repository)
	if err != nil {
		return image.Image{}, err
	}
	files := map[string]string{"/usr/local/bin/envoy": program}
	output, err := exec.Command("ldd", program).Output()
	if err != nil {
		return image.Image{}, fmt.Errorf("find Envoy's libraries: %w", err)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(output))); lines.Scan(); {
		// "libc.so.6 => /lib/libc.so.6 (0x7f…)", or the loader: "/lib64/ld-linux.so.2 (0x7f…)".
		for _, field := range strings.Fields(lines.Text()) {
			if filepath.IsAbs(field) {
				files[field] = field
			}
		}
	}
	return image.Image{
		Name: name, Architecture: runtime.GOARCH, Uncompressed: true,
		Files: files, Entrypoint: []string{"/usr/local/bin/envoy"},
	}, nil
}
