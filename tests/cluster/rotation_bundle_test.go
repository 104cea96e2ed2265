package cluster_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// cacheLag is how much later than the configuration the API server's own view of
// it may change.
const cacheLag = 300 * time.Millisecond

// restartAPIServer waits until it asks the replicas again.
func restartAPIServer(ctx context.Context, r *fleet) error {
	if err := shared.RestartAPIServer(); err != nil {
		return err
	}
	begin := time.Now()
	for _, replica := range r.replicas {
		if err := r.waitForHandshakes(ctx, replica, begin); err != nil {
			return err
		}
	}
	return nil
}

// byAPIServer excuses what the API server does not answer, or refuses by itself
// while it starts or ends; not what a webhook has to do with.
func byAPIServer(_ *fleet, failure cluster.Failure) bool {
	return !strings.Contains(failure.Err.Error(), "webhook")
}

// extraNamespace is where the entry that changeEntries adds injects.
const (
	extraNamespace = "rotation-extra"
	extraLabel     = "rotation-extra"
)

// changeEntries upgrades the chart as if it had one entry more, that one under
// another name, and not any more. A namespace that only this entry selects is not
// under the load: until a new entry has its caBundle, nobody can be asked.
func changeEntries(ctx context.Context, r *fleet) error {
	if err := shared.CreateNamespace(ctx, extraNamespace, map[string]string{extraLabel: "yes"}); err != nil {
		return err
	}
	before := r.trust.Entries()
	var slowest time.Duration
	for _, extra := range []string{"extra.sidecar-injector.github.io", "renamed.sidecar-injector.github.io", ""} {
		options := r.chart
		want := slices.Clone(before)
		if extra != "" {
			want = slices.Sorted(slices.Values(append(want, extra)))
			options.Change = func(configuration map[string]any) { addEntry(configuration, extra) }
		}
		begin := time.Now()
		if err := shared.ApplyChart(ctx, options); err != nil {
			return err
		}
		err := cluster.Eventually(ctx, waitTimeout, func(context.Context) error {
			if got := r.trust.Entries(); !slices.Equal(got, want) {
				return fmt.Errorf("the configuration has the entries %v, want %v", got, want)
			}
			return r.checkTrusted()
		})
		if err != nil {
			return fmt.Errorf("upgrade the chart with the entry %q: %w", extra, err)
		}
		slowest = max(slowest, r.broken(begin))
		if err := checkExtra(ctx, extra != ""); err != nil {
			return fmt.Errorf("upgrade the chart with the entry %q: %w", extra, err)
		}
	}
	r.note = fmt.Sprintf("a new entry had its caBundle after %s", seconds(slowest))
	return nil
}

// addEntry adds a copy of the first entry, for other namespaces.
func addEntry(configuration map[string]any, name string) {
	entries, _ := configuration["webhooks"].([]any)
	first, _ := entries[0].(map[string]any)
	entry := runtime.DeepCopyJSON(first)
	entry["name"] = name
	entry["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{extraLabel: "yes"}}
	configuration["webhooks"] = append(entries, entry)
}

// checkExtra waits until a pod of the extra namespace is injected, or is not.
func checkExtra(ctx context.Context, want bool) error {
	return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		stored, err := shared.Client.CoreV1().Pods(extraNamespace).Create(ctx, newPod(extraNamespace), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		return checkSidecar(stored, want)
	})
}

// checkTrusted reports a leaf that is served and that an entry does not verify.
func (r *fleet) checkTrusted() error {
	for _, replica := range r.replicas {
		now := time.Now()
		runs := replica.watch.Since(now.Add(-time.Second))
		if len(runs) == 0 {
			return fmt.Errorf("%s serves nothing", replica.name)
		}
		if _, err := r.trust.TrustedSince(runs[len(runs)-1].Leaf, "127.0.0.1", now); err != nil {
			return err
		}
	}
	return nil
}

// checkValidating waits until the validating configuration, about the ConfigMap, verifies what every replica serves too.
func (r *fleet) checkValidating(ctx context.Context) error {
	return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		configuration, err := shared.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, rotationRelease, metav1.GetOptions{})
		if err != nil {
			return err
		}
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(configuration.Webhooks[0].ClientConfig.CABundle)
		for _, replica := range r.replicas {
			runs := replica.watch.Since(time.Now().Add(-time.Second))
			if len(runs) == 0 {
				return fmt.Errorf("%s serves nothing", replica.name)
			}
			if _, err := runs[len(runs)-1].Leaf.Verify(x509.VerifyOptions{Roots: trusted}); err != nil {
				return fmt.Errorf("the validating configuration does not trust %s: %w", replica.name, err)
			}
		}
		return nil
	})
}

// broken returns for how long since begin an entry did not verify what is served
// now.
func (r *fleet) broken(begin time.Time) time.Duration {
	var longest time.Duration
	for _, replica := range r.replicas {
		if runs := replica.watch.Since(begin.Add(-time.Second)); len(runs) > 0 {
			longest = max(longest, r.trust.Untrusted(runs[len(runs)-1].Leaf, "127.0.0.1", begin))
		}
	}
	return longest
}

// replaceConfiguration replaces the configuration by itself, with an annotation
// more, so that another owns its fields.
func replaceConfiguration(ctx context.Context, r *fleet) error {
	text, _, err := shared.Kubectl(ctx, "", "get", "mutatingwebhookconfiguration", rotationRelease, "-o", "json")
	if err != nil {
		return err
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return err
	}
	metadata, _ := object["metadata"].(map[string]any)
	for _, field := range []string{"resourceVersion", "uid", "managedFields", "creationTimestamp", "generation"} {
		delete(metadata, field)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	replaced := map[string]any{"rotation-test/replaced": "yes"}
	maps.Copy(replaced, annotations)
	metadata["annotations"] = replaced
	changed, err := json.Marshal(object)
	if err != nil {
		return err
	}
	if _, _, err := shared.Kubectl(ctx, string(changed), "replace", "-f", "-"); err != nil {
		return err
	}
	begin := time.Now()
	for _, replica := range r.replicas {
		if err := r.waitForHandshakes(ctx, replica, begin); err != nil {
			return err
		}
	}
	return r.checkTrusted()
}

// overwriteBundle puts another caBundle into every entry, or none, and waits until
// it is right again.
func overwriteBundle(with []byte) func(context.Context, *fleet) error {
	return func(ctx context.Context, r *fleet) error {
		var patch []map[string]any
		for i := range r.trust.Entries() {
			path := fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", i)
			patch = append(patch, map[string]any{"op": "replace", "path": path, "value": with})
		}
		text, err := json.Marshal(patch)
		if err != nil {
			return err
		}
		client := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
		begin := time.Now()
		if _, err := client.Patch(ctx, rotationRelease, types.JSONPatchType, text, metav1.PatchOptions{}); err != nil {
			return err
		}
		err = cluster.Eventually(ctx, waitTimeout, func(context.Context) error {
			if r.broken(begin) == 0 {
				return errors.New("the overwritten caBundle was not seen yet")
			}
			return r.checkTrusted()
		})
		if err != nil {
			return fmt.Errorf("wait for the repair of caBundle: %w", err)
		}
		broken := r.broken(begin)
		r.repaired = begin.Add(broken)
		r.note = fmt.Sprintf("repaired after %s", seconds(broken))
		return waitForCertificateEvent(ctx, rotationRelease, "TrustBundleReverted")
	}
}

// untilRepaired excuses what was refused before the API server could know the
// repaired caBundle.
func untilRepaired(r *fleet, failure cluster.Failure) bool {
	return !r.repaired.IsZero() && failure.Begin.Before(r.repaired.Add(cacheLag)) && strings.Contains(failure.Err.Error(), "x509")
}

// handOver makes cert-manager's cainjector the owner of the bundle, by the chart's
// setting, and restarts the replicas one after the other, as a rollout does.
func handOver(ctx context.Context, r *fleet) error {
	r.chart.Values = rotationValues("cainjector")
	if err := shared.ApplyChart(ctx, r.chart); err != nil {
		return err
	}
	return restartReplicas(ctx, r)
}

// stopMerging has cainjector replace what it owns, as it did by default before
// cert-manager 1.21.
func stopMerging(ctx context.Context, r *fleet) error {
	if err := shared.StopCertManager(); err != nil {
		return err
	}
	if err := shared.StartCertManager(ctx, "-cainjector-merging=false"); err != nil {
		return err
	}
	return renewLeaf(ctx, r)
}

// startMerging undoes it.
func startMerging(ctx context.Context, r *fleet) error {
	if err := shared.StopCertManager(); err != nil {
		return err
	}
	if err := shared.StartCertManager(ctx); err != nil {
		return err
	}
	return renewLeaf(ctx, r)
}
