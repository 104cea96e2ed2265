package parts

import (
	"context"
	"fmt"
	"path/filepath"
)

// Monitoring are the programs that watch the injector, as absolute paths.
type Monitoring struct {
	Prometheus, Promtool string
	// Version is that of the Prometheus module that the go.mod file asks for.
	Version string
}

// BuildMonitoring returns the programs, building those that are not there yet, as Build does. Options.Assets is not
// looked at.
func BuildMonitoring(ctx context.Context, o Options) (*Monitoring, error) {
	const module = "github.com/prometheus/prometheus"
	dir := filepath.Join(o.Repository, modules, "prometheus")
	version, err := required(dir, module)
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(o.Repository, "bin", "prometheus-"+version)
	built := &Monitoring{Prometheus: filepath.Join(bin, "prometheus"), Promtool: filepath.Join(bin, "promtool"), Version: version}
	var programs []program
	for _, path := range []string{built.Prometheus, built.Promtool} {
		programs = append(programs, program{
			path: path, module: dir, pkg: module + "/cmd/" + filepath.Base(path), version: version,
			// Without what discovers targets in clouds, which are most of the packages.
			tags: "remove_all_sd",
		})
	}
	return built, buildMissing(ctx, programs, o.Progress)
}

// MonitoringCRDs returns the folder of the Prometheus Operator's CustomResourceDefinitions, in the module cache. Nothing of
// the Operator is built or run.
func MonitoringCRDs(ctx context.Context, repository string) (string, error) {
	module, err := moduleDir(ctx, filepath.Join(repository, modules, "prometheus-operator"), "github.com/prometheus-operator/prometheus-operator")
	if err != nil {
		return "", fmt.Errorf("find the Prometheus Operator's CustomResourceDefinitions: %w", err)
	}
	return filepath.Join(module, "example", "prometheus-operator-crd"), nil
}
