package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

// IstioNamespace is where ApplyIstioConfigMaps puts Istio's ConfigMaps.
const IstioNamespace = "istio-system"

// ApplyIstioConfigMaps applies the ConfigMaps that configure Istio's injector, as
// Istio's own chart renders them with these values. Nothing else of Istio is
// installed.
func (c *Cluster) ApplyIstioConfigMaps(ctx context.Context, values map[string]any) error {
	if err := c.CreateNamespace(ctx, IstioNamespace, nil); err != nil {
		return err
	}
	rendered, err := c.renderIstio(ctx, values)
	if err != nil {
		return fmt.Errorf("render Istio's chart: %w", err)
	}
	err = eachDocument(strings.NewReader(rendered), func(document []byte) error { return c.applyConfigMap(ctx, document) })
	if err != nil {
		return fmt.Errorf("apply Istio's ConfigMaps: %w", err)
	}
	return nil
}

// ApplyIstioCRD applies one of Istio's CustomResourceDefinitions and waits until
// its resources can be created.
func (c *Cluster) ApplyIstioCRD(ctx context.Context, name string) error {
	charts, err := parts.IstioCharts(ctx, c.Repository)
	if err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(charts, "base", "files", "crd-all.gen.yaml"))
	if err != nil {
		return fmt.Errorf("read Istio's CustomResourceDefinitions: %w", err)
	}
	defer func() { _ = file.Close() }()
	found := false
	err = eachDocument(file, func(document []byte) error {
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(document, &object); err != nil || object.Name != name {
			return err
		}
		found = true
		_, _, err := c.Kubectl(ctx, string(document), "apply", "--server-side", "-f", "-")
		return err
	})
	if err == nil && !found {
		err = errors.New("it is not there")
	}
	if err == nil {
		_, _, err = c.Kubectl(ctx, "", "wait", "--for=condition=Established", "crd/"+name)
	}
	if err != nil {
		return fmt.Errorf("apply Istio's CustomResourceDefinition %q: %w", name, err)
	}
	return nil
}

// eachDocument visits the documents of a YAML stream until a visit fails.
func eachDocument(from io.Reader, visit func(document []byte) error) error {
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(from)); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(document); err != nil {
			return err
		}
	}
}

// applyConfigMap creates or updates the object of a YAML document, if it is a
// ConfigMap.
func (c *Cluster) applyConfigMap(ctx context.Context, document []byte) error {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil || kind.Kind != "ConfigMap" {
		return err
	}
	var object corev1.ConfigMap
	if err := yaml.UnmarshalStrict(document, &object); err != nil {
		return err
	}
	client := c.Client.CoreV1().ConfigMaps(object.Namespace)
	_, err := client.Create(ctx, &object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = client.Update(ctx, &object, metav1.UpdateOptions{})
	}
	return err
}

func (c *Cluster) renderIstio(ctx context.Context, values map[string]any) (string, error) {
	charts, err := parts.IstioCharts(ctx, c.Repository)
	if err != nil {
		return "", err
	}
	chart, err := loader.LoadDir(filepath.Join(charts, "istio-control", "istio-discovery"))
	if err != nil {
		return "", err
	}
	helm, err := c.helm(IstioNamespace)
	if err != nil {
		return "", err
	}
	install := action.NewInstall(helm)
	install.ReleaseName, install.Namespace = "istiod", IstioNamespace
	install.DryRunStrategy = action.DryRunClient
	release, err := install.RunWithContext(ctx, chart, values)
	if err != nil {
		return "", err
	}
	return release.(*releasev1.Release).Manifest, nil
}
