package configuration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Files are the files that a configuration stands in, each optional. The zero value is the built-in profile.
type Files struct {
	// Config is the injection configuration, Values what overrides the profile's values; with InjectConfig, Istio's values.
	Config, Values string
	// Profile is the folder of a profile, or the name of a built-in one. Sources are files with ConfigMaps of the mesh from
	// which it takes values, as kubectl writes them.
	Profile string
	Sources []string
	// InjectConfig is Istio's injection configuration, or a directory with Istio's exported ConfigMaps; it implies the
	// profile istio. MeshConfig is Istio's mesh configuration beside it, and Revision Istio's revision.
	InjectConfig, MeshConfig, Revision string
}

// Validate reports the first flag that does not fit another.
func (f *Files) Validate() error {
	if f.InjectConfig == "" && (f.MeshConfig != "" || f.Revision != "") {
		return errors.New("--mesh-config and --revision are for --inject-config")
	}
	if f.InjectConfig != "" && (f.Profile != "" || len(f.Sources) > 0) {
		return errors.New("--inject-config implies the profile istio: --profile and --source are for others")
	}
	if info, err := os.Stat(f.InjectConfig); err == nil && info.IsDir() && (f.Values != "" || f.MeshConfig != "") {
		return errors.New("--inject-config is a directory of ConfigMaps: --values and --mesh-config stand in them")
	}
	return nil
}

// Load reads the files and makes a configuration of them, with what is laid over it. An error names the file.
func (f *Files) Load(ctx context.Context, over Overrides) (*webhook.Config, error) {
	in, err := f.Inputs(ctx)
	if err != nil {
		return nil, err
	}
	return over.parse(in, f.Config, f.InjectConfig, f.Values, f.MeshConfig, f.folder())
}

// Inputs reads the files. With InjectConfig the injector's own part has been parsed, and says profile istio; everything
// else is as it stands. An error names the file.
func (f *Files) Inputs(ctx context.Context) (*Inputs, error) {
	config, err := readFlagFile("--config", f.Config)
	if err != nil {
		return nil, err
	}
	if f.InjectConfig != "" {
		return f.istioInputs(ctx, config)
	}
	values, err := readFlagFile("--values", f.Values)
	if err != nil {
		return nil, err
	}
	in := &Inputs{Config: config, Values: values}
	if err := f.readProfile(ctx, in); err != nil {
		return nil, err
	}
	return in, nil
}

// Over returns inputs with what the files have in place of theirs; what stays are the ConfigMaps of the mesh, and Istio's. The
// inputs are not changed. An error names the file.
func (f *Files) Over(ctx context.Context, base *Inputs) (*Inputs, error) {
	read, err := f.Inputs(ctx)
	if err != nil {
		return nil, err
	}
	changed := *base
	if len(read.Config) > 0 {
		changed.Config = read.Config
	}
	if len(read.Values) > 0 {
		changed.Values = read.Values
	}
	if len(read.Profile) > 0 {
		changed.Profile = read.Profile
	}
	return &changed, nil
}

// istioInputs reads what an Istio installation says of injection; config is the injector's own part.
func (f *Files) istioInputs(ctx context.Context, config []byte) (*Inputs, error) {
	file, err := webhook.ParseFile(config)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", named(f.Config), err)
	}
	if file.Profile != "" && file.Profile != istio.ProfileName {
		return nil, fmt.Errorf("--inject-config is for the profile istio, %q says %q", f.Config, file.Profile)
	}
	file.Profile = istio.ProfileName
	sources, err := f.istioSources(ctx)
	if err != nil {
		return nil, err
	}
	sources.Revision = f.Revision
	// What runs pods today can run them; a pod's annotation says otherwise.
	sources.NativeSidecars = true
	encoded, err := yaml.Marshal(file)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", named(f.Config), err)
	}
	return &Inputs{Config: encoded, Istio: &sources, written: &Inputs{Config: config, Istio: &sources}}, nil
}

// istioSources reads either a directory of exported ConfigMaps or the three files.
func (f *Files) istioSources(ctx context.Context) (istio.Sources, error) {
	var sources istio.Sources
	if info, err := os.Stat(f.InjectConfig); err == nil && info.IsDir() {
		documents, err := (&manifest.Sources{Filenames: []string{f.InjectConfig}}).Read(ctx)
		if err != nil {
			return sources, err
		}
		sources, err = IstioSources(documents, f.Revision)
		if err != nil {
			return sources, fmt.Errorf("read --inject-config %q: %w", f.InjectConfig, err)
		}
		return sources, nil
	}
	for _, file := range []struct {
		flag, path string
		to         *[]byte
	}{
		{"--inject-config", f.InjectConfig, &sources.Config},
		{"--values", f.Values, &sources.Values},
		{"--mesh-config", f.MeshConfig, &sources.Mesh},
	} {
		var err error
		if *file.to, err = readFlagFile(file.flag, file.path); err != nil {
			return sources, err
		}
	}
	return sources, nil
}

// named lists the files that were named.
func named(files ...string) string {
	var all []string
	for _, file := range files {
		if file != "" {
			all = append(all, file)
		}
	}
	return strings.Join(all, " and ")
}

// FileLimit is how many bytes a file may have that a flag names: four times as many as a ConfigMap.
const FileLimit = 4 << 20

// ReadFile reads a file with a configuration or values, nothing if path is empty. A file of more than FileLimit bytes is an
// error, and so is a named pipe. What is empty is not nothing: Parse refuses it. It ends with ctx.
func ReadFile(ctx context.Context, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := files.Read(ctx, path, FileLimit)
	if err != nil {
		return nil, err
	}
	return given(data), nil
}

// readFlagFile reads the file that a flag names, nothing if it names none.
func readFlagFile(flag, path string) ([]byte, error) {
	data, err := ReadFile(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("read %s %q: %w", flag, path, err)
	}
	return data, nil
}
