package cluster

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// Release is the chart's release name, and its namespace, unless ChartOptions
// says otherwise.
const Release = "sidecar-injector"

// ChartOptions says how to install or upgrade the chart.
type ChartOptions struct {
	// Release and Namespace default to Release.
	Release, Namespace string
	// Values are the chart's; certificate.ipAddresses is set to 127.0.0.1 if they
	// do not set it. They are not changed.
	Values map[string]any
	// Folder is the chart. Empty: that of the working tree.
	Folder string
	// ReuseValues has an upgrade keep the release's values, under those given here, and take the chart's defaults for all
	// else, as helm upgrade --reset-then-reuse-values does.
	ReuseValues bool
	// WebhookAddress is the host:port where the API server finds the injector.
	// Default: the cluster's.
	WebhookAddress string
	// InCluster leaves the chart as it is: the injector runs as its Deployment
	// says, and the API server reaches it through its Service. WebhookAddress and
	// Change do nothing then.
	InCluster bool
	// Change changes the rendered webhook configuration further, as if the chart
	// were another. Nil: nothing is changed.
	Change func(configuration map[string]any)
}

func (c *Cluster) chartDefaults(o ChartOptions) ChartOptions {
	if o.Release == "" {
		o.Release = Release
	}
	if o.Namespace == "" {
		o.Namespace = Release
	}
	if o.WebhookAddress == "" {
		o.WebhookAddress = c.WebhookAddress
	}
	if _, set := o.Values["allowOverlap"]; !set && o.Folder == "" { // tests have releases of their own beside the shared one
		o.Values = maps.Clone(o.Values)
		if o.Values == nil {
			o.Values = map[string]any{}
		}
		o.Values["allowOverlap"] = true
	}
	return o
}

// ApplyChart installs the chart as a Helm release, or upgrades the release to it
// if it is there. The values are the release's whole values, nothing is kept from
// an earlier one, unless ReuseValues says so. It does not wait for pods, which
// only run where a node is, nor for the certificate: see WaitForServingPair.
func (c *Cluster) ApplyChart(ctx context.Context, o ChartOptions) error {
	o = c.chartDefaults(o)
	chart, err := loader.LoadDir(cmp.Or(o.Folder, filepath.Join(c.Repository, "manifests", "sidecar-injector")))
	if err != nil {
		return fmt.Errorf("load the chart: %w", err)
	}
	helm, err := c.helm(o.Namespace)
	if err != nil {
		return fmt.Errorf("set up Helm: %w", err)
	}
	values := o.Values
	if !o.InCluster && !o.ReuseValues {
		values = withIPAddress(values)
	}
	_, err = action.NewGet(helm).Run(o.Release)
	switch {
	case errors.Is(err, driver.ErrReleaseNotFound):
		install := action.NewInstall(helm)
		install.ReleaseName, install.Namespace, install.CreateNamespace = o.Release, o.Namespace, true
		install.WaitStrategy, install.Timeout = kube.HookOnlyStrategy, startTimeout
		if !o.InCluster {
			install.PostRenderer = urlRewriter{o.WebhookAddress, o.Change}
		}
		_, err = install.RunWithContext(ctx, chart, values)
	case err == nil:
		upgrade := action.NewUpgrade(helm)
		upgrade.Namespace, upgrade.ResetValues, upgrade.ResetThenReuseValues = o.Namespace, !o.ReuseValues, o.ReuseValues
		upgrade.WaitStrategy, upgrade.Timeout = kube.HookOnlyStrategy, startTimeout
		if !o.InCluster {
			upgrade.PostRenderer = urlRewriter{o.WebhookAddress, o.Change}
		}
		_, err = upgrade.RunWithContext(ctx, o.Release, chart, values)
	}
	if err != nil {
		return fmt.Errorf("apply the chart as release %q: %w", o.Release, err)
	}
	return nil
}

// RollBackChart takes the release back to what it was before its last upgrade, as helm rollback does.
func (c *Cluster) RollBackChart(_ context.Context, o ChartOptions) error {
	o = c.chartDefaults(o)
	helm, err := c.helm(o.Namespace)
	if err != nil {
		return fmt.Errorf("set up Helm: %w", err)
	}
	rollback := action.NewRollback(helm)
	rollback.WaitStrategy, rollback.Timeout = kube.HookOnlyStrategy, startTimeout
	if err := rollback.Run(o.Release); err != nil {
		return fmt.Errorf("roll back release %q: %w", o.Release, err)
	}
	return nil
}

// WaitForServingPair waits until cert-manager has issued the release's serving
// certificate.
func (c *Cluster) WaitForServingPair(ctx context.Context, o ChartOptions) error {
	o = c.chartDefaults(o)
	err := Eventually(ctx, startTimeout, func(ctx context.Context) error {
		secret, err := c.Client.CoreV1().Secrets(o.Namespace).Get(ctx, o.Release+"-tls", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(secret.Data["tls.crt"]) == 0 || len(secret.Data["tls.key"]) == 0 {
			return errors.New("the Secret has no certificate yet")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for the serving certificate (log in %s): %w", c.file("cert-manager.log"), err)
	}
	return nil
}

// WaitForCABundle waits until every entry of the release's webhook configuration
// has a caBundle, which the injector puts there.
func (c *Cluster) WaitForCABundle(ctx context.Context, o ChartOptions) error {
	o = c.chartDefaults(o)
	client := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	err := Eventually(ctx, startTimeout, func(ctx context.Context) error {
		configuration, err := client.Get(ctx, o.Release, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, webhook := range configuration.Webhooks {
			if len(webhook.ClientConfig.CABundle) == 0 {
				return fmt.Errorf("entry %q has none", webhook.Name)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for the caBundle of %q: %w", o.Release, err)
	}
	return nil
}

// helm connects Helm to the cluster. It keeps its releases in Secrets, as usual.
func (c *Cluster) helm(namespace string) (*action.Configuration, error) {
	flags := genericclioptions.NewConfigFlags(false)
	cache := c.file("helm-cache")
	flags.KubeConfig, flags.Namespace, flags.CacheDir = &c.Kubeconfig, &namespace, &cache
	flags.WrapConfigFn = func(config *rest.Config) *rest.Config {
		config.WarningHandler = rest.NoWarnings{}
		config.QPS, config.Burst = c.Config.QPS, c.Config.Burst
		return config
	}
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	return configuration, configuration.Init(flags, namespace, "secret")
}

// withIPAddress returns a copy of the chart's values in which the certificate is
// also valid for loopback, where the API server reaches the injector.
func withIPAddress(values map[string]any) map[string]any {
	copied := make(map[string]any, len(values)+1)
	for key, value := range values {
		copied[key] = value
	}
	certificate := map[string]any{"ipAddresses": []any{"127.0.0.1"}}
	if given, ok := values["certificate"].(map[string]any); ok {
		for key, value := range given {
			certificate[key] = value
		}
	}
	copied["certificate"] = certificate
	return copied
}

// urlRewriter is a Helm post-renderer that turns clientConfig.service of webhook
// entries into clientConfig.url with the same path, and changes nothing else but
// what change does.
type urlRewriter struct {
	address string
	change  func(configuration map[string]any)
}

// Run returns the manifests, rewritten.
func (r urlRewriter) Run(manifests *bytes.Buffer) (*bytes.Buffer, error) {
	var out bytes.Buffer
	reader := utilyaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return &out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the rendered chart: %w", err)
		}
		if document, err = r.rewrite(document); err != nil {
			return nil, err
		}
		out.WriteString("---\n")
		out.Write(document)
		out.WriteString("\n")
	}
}

// rewrite returns one document, rewritten if it is a webhook configuration.
func (r urlRewriter) rewrite(document []byte) ([]byte, error) {
	var object map[string]any
	if err := yaml.Unmarshal(document, &object); err != nil {
		return nil, fmt.Errorf("read a document of the rendered chart: %w", err)
	}
	if object["kind"] != "MutatingWebhookConfiguration" && object["kind"] != "ValidatingWebhookConfiguration" {
		return document, nil
	}
	webhooks, _ := object["webhooks"].([]any)
	for _, entry := range webhooks {
		webhook, _ := entry.(map[string]any)
		client, _ := webhook["clientConfig"].(map[string]any)
		service, ok := client["service"].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("rewrite webhook %v: it has no clientConfig.service", webhook["name"])
		}
		path, _ := service["path"].(string)
		delete(client, "service")
		client["url"] = "https://" + r.address + path
	}
	if r.change != nil && object["kind"] == "MutatingWebhookConfiguration" {
		r.change(object)
	}
	return yaml.Marshal(object)
}
