package release

import (
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

// pluginFile is the manifest of the kubectl plug-in, which krew wants to have the plug-in's name.
const pluginFile = "sidecar.yaml"

// plugin is a manifest as krew reads it.
type plugin struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   pluginMetadata `json:"metadata"`
	Spec       pluginSpec     `json:"spec"`
}

type pluginMetadata struct {
	Name string `json:"name"`
}

type pluginSpec struct {
	Version          string           `json:"version"`
	Homepage         string           `json:"homepage"`
	ShortDescription string           `json:"shortDescription"`
	Description      string           `json:"description"`
	Platforms        []pluginPlatform `json:"platforms"`
}

type pluginPlatform struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	URI    string `json:"uri"`
	Sha256 string `json:"sha256"`
	Bin    string `json:"bin"`
}

// writePlugin writes the manifest of the plug-in kubectl sidecar, which is the program sidecar-injector.
func (r *release) writePlugin(programs []program) error {
	p := plugin{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin", Metadata: pluginMetadata{"sidecar"},
		Spec: pluginSpec{
			Version: r.Version, Homepage: image.Source, ShortDescription: "Preview and explain sidecar injection",
			Description: "Shows what the sidecar injector would change in a manifest or a live workload,\n" +
				"explains why a pod has a sidecar or none, finds pods whose sidecar is missing or\noutdated, and checks templates and configuration before they are installed.\n",
		},
	}
	for _, built := range programs {
		if built.name != "sidecar-injector" {
			continue
		}
		file := archiveName(built)
		sum, err := sha256Of(filepath.Join(r.out, file))
		if err != nil {
			return err
		}
		on := pluginPlatform{URI: image.Source + "/releases/download/" + r.Version + "/" + file, Sha256: sum, Bin: built.name}
		on.Selector.MatchLabels = map[string]string{"os": built.os, "arch": built.arch}
		p.Spec.Platforms = append(p.Spec.Platforms, on)
	}
	text, err := yaml.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, pluginFile), text, 0o644)
}
