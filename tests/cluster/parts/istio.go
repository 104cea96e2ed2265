package parts

import (
	"context"
	"fmt"
	"path/filepath"
)

// IstioCharts returns the folder of Istio's Helm charts, in the module cache, of the
// version that tests/conformance requires. Nothing of Istio is built or run.
func IstioCharts(ctx context.Context, repository string) (string, error) {
	module, err := moduleDir(ctx, filepath.Join(repository, "tests", "conformance"), "istio.io/istio")
	if err != nil {
		return "", fmt.Errorf("find Istio's charts: %w", err)
	}
	return filepath.Join(module, "manifests", "charts"), nil
}
