package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// loadConfig reads the configuration that the handler answers with.
func (o *previewOptions) loadConfig() (*webhook.Config, error) {
	config, err := readFlagFile("--config", o.configFile)
	if err != nil {
		return nil, err
	}
	if o.injectConfig != "" {
		return o.loadIstio(config)
	}
	values, err := readFlagFile("--values", o.valuesFile)
	if err != nil {
		return nil, err
	}
	parsed, err := webhook.Parse(config, values)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", named(o.configFile, o.valuesFile), err)
	}
	return parsed, nil
}

// loadIstio reads what an Istio installation says of injection; config is the injector's own part.
func (o *previewOptions) loadIstio(config []byte) (*webhook.Config, error) {
	file, err := webhook.ParseFile(config)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", named(o.configFile), err)
	}
	if file.Profile != "" && file.Profile != istio.ProfileName {
		return nil, fmt.Errorf("--inject-config is for the profile istio, %q says %q", o.configFile, file.Profile)
	}
	sources, err := o.istioSources()
	if err != nil {
		return nil, err
	}
	sources.Revision = o.revision
	// What runs pods today can run them; a pod's annotation says otherwise.
	sources.NativeSidecars = true
	parsed, err := webhook.ParseIstio(sources, file)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", named(o.configFile, o.injectConfig, o.valuesFile, o.meshConfig), err)
	}
	return parsed, nil
}

// istioSources reads either a directory of exported ConfigMaps or the three files.
func (o *previewOptions) istioSources() (istio.Sources, error) {
	var sources istio.Sources
	if info, err := os.Stat(o.injectConfig); err == nil && info.IsDir() {
		if o.valuesFile != "" || o.meshConfig != "" {
			return sources, usageErrorf("--inject-config is a directory of ConfigMaps: --values and --mesh-config stand in them")
		}
		documents, err := preview.Read([]string{o.injectConfig}, false, nil)
		if err != nil {
			return sources, err
		}
		sources, err = preview.IstioSources(documents, o.revision)
		if err != nil {
			return sources, fmt.Errorf("read --inject-config %q: %w", o.injectConfig, err)
		}
		return sources, nil
	}
	for _, file := range []struct {
		flag, path string
		to         *[]byte
	}{
		{"--inject-config", o.injectConfig, &sources.Config},
		{"--values", o.valuesFile, &sources.Values},
		{"--mesh-config", o.meshConfig, &sources.Mesh},
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

// readFlagFile reads the file that a flag names, nothing if it names none.
func readFlagFile(flag, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %q: %w", flag, path, err)
	}
	return data, nil
}
