package configuration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

const meshProfile = `name: mesh
defaultTemplates: [mesh]
keys: {inject: mesh.example.com/inject, namespaceLabel: mesh.example.com/inject, namespaceLabelValue: enabled, status: mesh.example.com/status}
sources: [{configMap: mesh-config, namespace: mesh-system, key: values}]
`

// writeProfile writes a profile into a folder.
func writeProfile(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "a [profile]*")
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestProfileOfOnesOwn: a profile comes from a folder or from the ConfigMap of the configuration, and its values from the
// mesh's own ConfigMaps, under those of the configuration.
func TestProfileOfOnesOwn(t *testing.T) {
	files := map[string]string{
		"profile.yaml": meshProfile, "values.yaml": "image: ours\nlevel: info\n",
		"templates/mesh.yaml": "spec: {containers: [{name: proxy, image: '{{ .Values.image }}:{{ .Values.level }}'}]}",
	}
	folder := writeProfile(t, files)
	source := filepath.Join(t.TempDir(), "mesh-config.yaml")
	if err := os.WriteFile(source, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mesh-config}\ndata: {values: 'image: theirs'}"), 0o600); err != nil {
		t.Fatal(err)
	}
	packed, err := yaml.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	configMap := FromConfigMap(&corev1.ConfigMap{Data: map[string]string{"config": "{}", "values": "level: debug", "profile": string(packed)}})
	configMap.Sources = map[string]map[string]string{"mesh-config": {"values": "image: theirs"}}
	for sentence, test := range map[string]struct {
		inputs func() (*Inputs, error)
		want   string
	}{
		"a folder": {func() (*Inputs, error) { return (&Files{Profile: folder}).Inputs(context.Background()) }, "ours:info"},
		"a folder, and a source": {func() (*Inputs, error) {
			return (&Files{Profile: folder, Sources: []string{source}}).Inputs(context.Background())
		}, "theirs:info"},
		"the ConfigMap":           {func() (*Inputs, error) { return configMap, nil }, "theirs:debug"},
		"a built-in one, by name": {func() (*Inputs, error) { return (&Files{Profile: "envoy"}).Inputs(context.Background()) }, ""},
	} {
		in, err := test.inputs()
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		config, err := in.Parse()
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		result, err := config.Engine().Inject(templates.Input{Pod: map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app"}}}}})
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		proxy, _ := templates.Pod(result.Pod).Find("proxy")
		if test.want != "" && proxy["image"] != test.want {
			t.Errorf("%s: the image is %v, want %s", sentence, proxy["image"], test.want)
		}
	}
}

func TestProfileErrors(t *testing.T) {
	good := map[string]string{"profile.yaml": meshProfile, "templates/mesh.yaml": "{}"}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: mesh-config}"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte("profile: envoy"), 0o600); err != nil {
		t.Fatal(err)
	}
	for sentence, test := range map[string]struct {
		files Files
		want  string // a part
	}{
		"no such folder or profile": {Files{Profile: "nowhere"}, `unknown profile "nowhere", want one of`},
		"an empty folder":           {Files{Profile: t.TempDir()}, "profile: there is no profile.yaml, which describes a profile"},
		"a profile that is broken":  {Files{Profile: writeProfile(t, map[string]string{"profile.yaml": "name: [a]"})}, "profile: profile.yaml: line 1: name: got a list, want a string"},
		"another in the file":       {Files{Profile: writeProfile(t, good), Config: config}, `profile "envoy" is another one than is given, want "mesh"`},
		"another built-in one":      {Files{Profile: "istio", Config: config}, `--profile "istio" is no folder, and the configuration has the profile "envoy"`},
		"a source that is none":     {Files{Profile: writeProfile(t, good), Sources: []string{other}}, `Secret "mesh-config" is no ConfigMap with data`},
	} {
		_, err := test.files.Load(context.Background(), Overrides{})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(fmt.Sprint(err), "\n") {
			t.Errorf("%s: error %v, want one with %s", sentence, err, test.want)
		}
	}
}
