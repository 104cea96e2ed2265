package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
)

// After checks whether an installed injector works. The error says that the API server cannot be asked,
// or which injector to look at.
func After(ctx context.Context, o AfterOptions) (*Report, error) {
	report := &Report{OK: true}
	if err := checkVersion(report, o.Discovery); err != nil {
		return nil, err
	}
	injector := report.section(groupInjector)
	switch {
	case errors.Is(o.Problem, installed.ErrNone), o.Injector == nil && apierrors.IsNotFound(o.Problem):
		injector.add("installed", Failed, "install it; check --pre says whether that can be done", "%v", o.Problem)
		return report, nil
	case o.Injector == nil:
		return nil, cmp.Or(o.Problem, errors.New("find the injector: it is not there"))
	}
	name := o.Injector.Configuration.Name
	injector.ok("installed", "MutatingWebhookConfiguration %q has %d entries that call it", name, len(o.Injector.Configuration.Webhooks))
	checkServing(injector, o.Injector)
	checkConfiguration(ctx, injector, &o)
	if err := checkEntries(injector, o.Injector); err != nil {
		return nil, err
	}
	checkCertificates(ctx, report, o)
	if o.Injector.Config == nil {
		return report, ctx.Err() // Pods cannot be judged without it.
	}
	pods := report.section(groupPods)
	t := &target{client: o.Client, name: name, config: o.Injector.Config, webhooks: o.Injector.Webhooks}
	checkAdmission(ctx, pods, t)
	checkPods(ctx, pods, t)
	return report, ctx.Err()
}

// checkEntries checks whether the API server asks about the pods that the configuration and its profile mean.
func checkEntries(s section, injector *installed.Injector) error {
	if injector.Config == nil {
		return nil // What kept it from being read is told of the configuration.
	}
	differences, err := selection.Differences(injector.Configuration, injector.Config)
	if err != nil {
		return err
	}
	for _, text := range differences {
		s.add("entries", Failed, "install the chart again with the configuration that is in use", "MutatingWebhookConfiguration %q is not the configuration's: %s", injector.Configuration.Name, text)
	}
	if len(differences) == 0 {
		s.ok("entries", "they ask about the pods that the profile's trigger means")
	}
	return nil
}

// checkServing checks the injector's Deployment.
func checkServing(s section, injector *installed.Injector) {
	deployment := injector.Deployment
	if deployment == nil {
		return // What kept it from being found is told of the configuration.
	}
	want, ready := ptr.Deref(deployment.Spec.Replicas, 1), deployment.Status.ReadyReplicas
	name := deployment.Namespace + "/" + deployment.Name
	hint := fmt.Sprintf("see kubectl get pods -n %s, and their logs", deployment.Namespace)
	switch {
	case deployment.Status.ObservedGeneration < deployment.Generation:
		s.add("deployment", Warning, "check again in a moment", "the last change of Deployment %s is not yet looked at", name)
	case ready == 0 || !isAvailable(deployment):
		s.add("deployment", Failed, hint, "%d of %s of Deployment %s are ready", ready, counted(int(want), "replica"), name)
	case ready < want:
		s.add("deployment", Warning, hint, "%d of %s of Deployment %s are ready", ready, counted(int(want), "replica"), name)
	case want == 1:
		s.add("deployment", Warning, "two or more replicas survive the loss of a node: the chart's value replicas", "Deployment %s has a single replica", name)
	default:
		s.ok("deployment", "all %d replicas of Deployment %s are ready", want, name)
	}
}

// checkConfiguration checks whether the configuration is a good one, and in use: what the injector refuses it says in an
// Event.
func checkConfiguration(ctx context.Context, s section, o *AfterOptions) {
	if apierrors.IsForbidden(o.Problem) {
		s.unknown("configuration", o.Problem)
		return
	}
	if o.Problem != nil {
		s.add("configuration", Failed, "sidecar-injector lint --config checks a configuration before it is applied", "%v", o.Problem)
		return
	}
	configMap := o.Injector.ConfigMap
	if configMap == nil {
		s.ok("configuration", "it is valid")
		return
	}
	name := configMap.Namespace + "/" + configMap.Name
	event, err := lastEvent(ctx, o.Client, configMap.Namespace, configMap.Name)
	switch {
	case err != nil:
		s.unknown("configuration", fmt.Errorf("it is valid; whether it is in use: list the Events of namespace %q: %w", configMap.Namespace, err))
	case event != nil && event.Type == corev1.EventTypeWarning:
		s.add("configuration", Failed, "correct the ConfigMap: the last good configuration stays in use meanwhile", "ConfigMap %s was refused: %s", name, event.Note)
	case event != nil:
		s.ok("configuration", "ConfigMap %s is valid, and in use for %s", name, age(o.Now().Sub(timeOf(event))))
	default:
		s.ok("configuration", "ConfigMap %s is valid", name)
	}
}

// lastEvent returns the last Event about a ConfigMap, nil if there is none any more.
func lastEvent(ctx context.Context, connection client.Client, namespace, name string) (*eventsv1.Event, error) {
	events := &eventsv1.EventList{}
	if err := connection.List(ctx, events, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	var last *eventsv1.Event
	for i := range events.Items {
		event := &events.Items[i]
		if event.Regarding.Kind == "ConfigMap" && event.Regarding.Name == name && (last == nil || timeOf(event).After(timeOf(last))) {
			last = event
		}
	}
	return last, nil
}
