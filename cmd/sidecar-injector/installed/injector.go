package installed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/serve"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Injector is an injector that is installed in a cluster, as it was found.
type Injector struct {
	// Configuration is its webhook configuration, and Webhooks what the API server does by it.
	Configuration *admissionregistrationv1.MutatingWebhookConfiguration
	Webhooks      *selection.Webhooks
	// Deployment is what serves.
	Deployment *appsv1.Deployment
	// ConfigMap is the metadata of the ConfigMap that it is configured by.
	ConfigMap *metav1.ObjectMeta
	// Inputs are what its configuration is made of, and Config is the configuration.
	Inputs *configuration.Inputs
	Config *webhook.Config
}

// ErrNone says that no injector is installed.
var ErrNone = errors.New("no injector is installed in the cluster: no MutatingWebhookConfiguration calls a path below /inject")

// Find finds the injector whose MutatingWebhookConfiguration has the name; with no name, the only one that there is. An
// error says what is missing, ErrNone that nothing is there at all. With an error comes what was found until then: nil, or an
// injector with at least its Configuration and Webhooks.
func Find(ctx context.Context, reader client.Reader, name string) (*Injector, error) {
	configuration, err := findConfiguration(ctx, reader, name)
	if err != nil {
		return nil, err
	}
	found := &Injector{Configuration: configuration}
	if found.Webhooks, err = selection.New(configuration); err != nil {
		return nil, fmt.Errorf("read MutatingWebhookConfiguration %q: %w", configuration.Name, err)
	}
	if found.Deployment, err = findDeployment(ctx, reader, configuration); err != nil {
		return found, err
	}
	options, err := optionsOf(found.Deployment)
	if err != nil {
		return found, err
	}
	found.Inputs, found.ConfigMap, err = readInputs(ctx, reader, &options)
	if err != nil {
		return found, fmt.Errorf("read the configuration of Deployment %s/%s: %w", found.Deployment.Namespace, found.Deployment.Name, err)
	}
	if found.Config, err = found.Inputs.Read(); err != nil {
		return found, fmt.Errorf("read the configuration of Deployment %s/%s: %w", found.Deployment.Namespace, found.Deployment.Name, err)
	}
	return found, nil
}

func findConfiguration(ctx context.Context, reader client.Reader, name string) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	if name != "" {
		configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
		if err := reader.Get(ctx, client.ObjectKey{Name: name}, configuration); err != nil {
			return nil, fmt.Errorf("read MutatingWebhookConfiguration %q: %w", name, err)
		}
		if !selection.IsOurs(configuration) {
			return nil, fmt.Errorf("MutatingWebhookConfiguration %q is not of an injector: no entry calls a path below /inject", name)
		}
		return configuration, nil
	}
	all := &admissionregistrationv1.MutatingWebhookConfigurationList{}
	if err := reader.List(ctx, all); err != nil {
		return nil, fmt.Errorf("list MutatingWebhookConfigurations: %w", err)
	}
	var ours []string
	var found *admissionregistrationv1.MutatingWebhookConfiguration
	for i := range all.Items {
		if selection.IsOurs(&all.Items[i]) {
			found = &all.Items[i]
			ours = append(ours, found.Name)
		}
	}
	switch len(ours) {
	case 0:
		return nil, ErrNone
	case 1:
		return found, nil
	}
	slices.Sort(ours)
	return nil, fmt.Errorf("several injectors are installed, --injector names one: %s", strings.Join(ours, ", "))
}

// serviceOf returns the service that serves one of our paths, nil if a URL does.
func serviceOf(configuration *admissionregistrationv1.MutatingWebhookConfiguration) *admissionregistrationv1.ServiceReference {
	for i := range configuration.Webhooks {
		config := &configuration.Webhooks[i].ClientConfig
		if _, _, ok := webhook.ScopeOfPath(selection.PathOf(config)); ok {
			return config.Service
		}
	}
	return nil
}

// findDeployment finds the Deployment whose pods the configuration's Service selects. Behind a URL stands no Service: it is
// the one then whose serve keeps this configuration's caBundle.
func findDeployment(ctx context.Context, reader client.Reader, configuration *admissionregistrationv1.MutatingWebhookConfiguration) (*appsv1.Deployment, error) {
	reference := serviceOf(configuration)
	if reference == nil {
		return findServing(ctx, reader, configuration.Name)
	}
	service := &corev1.Service{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: reference.Namespace, Name: reference.Name}, service)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("MutatingWebhookConfiguration %q names Service %s/%s, which does not exist", configuration.Name, reference.Namespace, reference.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read Service %s/%s: %w", reference.Namespace, reference.Name, err)
	}
	if len(service.Spec.Selector) == 0 {
		return nil, fmt.Errorf("the Service %s/%s selects no pods, so the injector's configuration cannot be found: --config names it", reference.Namespace, reference.Name)
	}
	deployments := &appsv1.DeploymentList{}
	if err := reader.List(ctx, deployments, client.InNamespace(reference.Namespace)); err != nil {
		return nil, fmt.Errorf("list Deployments in %q: %w", reference.Namespace, err)
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for i := range deployments.Items {
		if selector.Matches(labels.Set(deployments.Items[i].Spec.Template.Labels)) {
			return &deployments.Items[i], nil
		}
	}
	return nil, fmt.Errorf("no Deployment makes pods for Service %s/%s, so the injector's configuration cannot be found: --config names it", reference.Namespace, reference.Name)
}

// findServing finds the Deployment of the chart whose serve is told of a webhook configuration.
func findServing(ctx context.Context, reader client.Reader, configuration string) (*appsv1.Deployment, error) {
	deployments := &appsv1.DeploymentList{}
	if err := reader.List(ctx, deployments, client.MatchingLabels{"app.kubernetes.io/name": "sidecar-injector"}); err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	for i := range deployments.Items {
		if options, err := optionsOf(&deployments.Items[i]); err == nil && options.WebhookConfiguration == configuration {
			return &deployments.Items[i], nil
		}
	}
	return nil, fmt.Errorf("MutatingWebhookConfiguration %q calls a URL, and no Deployment serves it, so the injector's configuration cannot be found: --config names it", configuration)
}

// optionsOf reads the arguments of the container that runs serve.
func optionsOf(deployment *appsv1.Deployment) (serve.Options, error) {
	for _, container := range deployment.Spec.Template.Spec.Containers {
		arguments := slices.Concat(container.Command, container.Args)
		at := slices.Index(arguments, "serve")
		if at < 0 {
			continue
		}
		options, err := serve.ParseArguments(arguments[at+1:])
		if err != nil {
			return options, fmt.Errorf("read the arguments of Deployment %s/%s: %w", deployment.Namespace, deployment.Name, err)
		}
		if options.Namespace == "" {
			options.Namespace = deployment.Namespace
		}
		return options, nil
	}
	return serve.Options{}, fmt.Errorf("no container of Deployment %s/%s runs serve: --config names its configuration", deployment.Namespace, deployment.Name)
}

// Ready says whether enough replicas are ready, as the Deployment has it.
func (i *Injector) Ready() bool {
	for _, condition := range i.Deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return i.Deployment.Status.ReadyReplicas > 0
}
