package samples

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Check refuses templates that cannot be injected, by default or by an alias: whose text alone makes what is no pod for
// a sample, even if only some take that branch, or that fail for every sample. What another pod may not bring about is
// no reason: what a sample says itself, a value or a container that one lacks, a template's fail. One that takes more than
// its budget for a sample is refused at once (templates.ErrBudget). The error is a *webhook.ConfigError without a line; its
// text names template and line. The engine is not changed.
func Check(engine *templates.Engine) error {
	if err := check(engine, "", ""); err != nil {
		return &webhook.ConfigError{Source: webhook.SourceConfig, Path: "defaultTemplates", Err: err}
	}
	for _, alias := range slices.Sorted(maps.Keys(engine.Aliases())) {
		if err := check(engine, engine.Profile().Keys.Templates, alias); err != nil {
			return &webhook.ConfigError{Source: webhook.SourceConfig, Path: "aliases." + alias, Err: err}
		}
	}
	return nil
}

// check returns why the templates that an annotation chooses cannot be injected.
func check(engine *templates.Engine, key, value string) error {
	pods, err := Pods(key, value)
	if err != nil {
		return err
	}
	works, failed := false, error(nil)
	for _, pod := range pods {
		if pod.Invalid {
			continue
		}
		err := inject(engine, pod)
		if ofPod(err) {
			works = true
			continue
		}
		err = fmt.Errorf("%s cannot be injected: %w", pod.Name, err)
		of, ok := errors.AsType[*templates.Error](err)
		if !ok || of.Action == "" && of.Element == "" || errors.Is(err, templates.ErrBudget) {
			return err
		}
		if failed == nil {
			failed = err
		}
	}
	if works {
		return nil
	}
	return failed
}

// inject injects a sample.
func inject(engine *templates.Engine, pod Pod) error {
	_, err := engine.Inject(templates.Input{Pod: simulate.WithDefaults(pod.Object), Namespace: metav1.ObjectMeta{Name: "shop"}})
	return err
}

// ofPod says that a sample is injected, or not for what it says or because the template calls fail or skip.
func ofPod(err error) bool {
	_, asked := errors.AsType[*templates.InputError](err)
	_, failed := errors.AsType[*templates.FailError](err)
	_, skipped := errors.AsType[*templates.SkipError](err)
	return err == nil || asked || failed || skipped
}
