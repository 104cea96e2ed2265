package matrix

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Chart is the folder of the chart, as seen from this package.
const Chart = "../../../manifests/sidecar-injector"

// Render returns the documents of the chart in a folder with a set of values in YAML, hooks among them, in the order of their
// files. release is the name of the release, and of its namespace. Errors are Helm's, of the schema or of a template.
func Render(chart, release, values string) ([][]byte, error) {
	given := map[string]any{}
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		return nil, fmt.Errorf("read values: %w", err)
	}
	loaded, err := loader.LoadDir(chart)
	if err != nil {
		return nil, fmt.Errorf("load the chart: %w", err)
	}
	complete, err := util.ToRenderValues(loaded, given, common.ReleaseOptions{Name: release, Namespace: release, Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(loaded, complete)
	if err != nil {
		return nil, err
	}
	var documents [][]byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".yaml" {
			continue
		}
		for reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(files[name]))); ; {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			if content, err := yaml.YAMLToJSONStrict(document); err != nil || !bytes.Equal(content, []byte("null")) {
				documents = append(documents, document)
			}
		}
	}
	return documents, nil
}
