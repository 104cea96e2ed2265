package certificates

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// replica is where the webhook is served.
type replica struct {
	name string
	// ready is what the EndpointSlice says; nil: not known.
	ready *bool
	// pod is reached through the API server, on port; without one, address is
	// dialled, a host:port.
	pod     client.ObjectKey
	port    int32
	address string
}

// replicas returns those that serve, by name: the addresses that were given, else
// the endpoints of the Services that the configuration names. The problem is why
// there is none.
func (i *Injector) replicas(ctx context.Context, configuration *admissionv1.MutatingWebhookConfiguration) (found []replica, problem string, err error) {
	for _, address := range i.options.Replicas {
		found = append(found, replica{name: address, address: address})
	}
	if len(found) > 0 || len(webhooksOf(configuration)) == 0 {
		return found, "", nil
	}
	services := servicesOf(configuration)
	if len(services) == 0 {
		return nil, "no replica was looked at: the webhooks name no Service, --replica has to say where replicas serve", nil
	}
	for _, service := range services {
		var slices discoveryv1.EndpointSliceList
		err := i.client.List(ctx, &slices, client.InNamespace(service.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service.Name})
		if err != nil {
			return nil, "", fmt.Errorf("list the EndpointSlices of Service %q: %w", name(service.ObjectKey), err)
		}
		port, err := i.portName(ctx, service)
		if err != nil {
			return nil, "", err
		}
		found = append(found, endpoints(slices.Items, port)...)
	}
	if len(found) == 0 {
		return nil, fmt.Sprintf("no replica serves: Service %q has no endpoints", name(services[0].ObjectKey)), nil
	}
	slices.SortFunc(found, func(a, b replica) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(found, func(a, b replica) bool { return a.name == b.name }), "", nil
}

// service is a Service that a webhook names, and its port.
type service struct {
	client.ObjectKey
	port int32
}

// servicesOf returns the Services that the webhooks name, each once.
func servicesOf(configuration *admissionv1.MutatingWebhookConfiguration) []service {
	var all []service
	for _, webhook := range configuration.Webhooks {
		named := webhook.ClientConfig.Service
		if named == nil {
			continue
		}
		s := service{client.ObjectKey{Namespace: named.Namespace, Name: named.Name}, 443}
		if named.Port != nil {
			s.port = *named.Port
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// portName returns the name that the Service's port has in EndpointSlices. A
// Service that does not exist has no endpoints either: any name will do.
func (i *Injector) portName(ctx context.Context, named service) (string, error) {
	var s corev1.Service
	if ok, err := i.get(ctx, named.ObjectKey, &s); err != nil || !ok {
		return "", err
	}
	for _, port := range s.Spec.Ports {
		if port.Port == named.port {
			return port.Name, nil
		}
	}
	return "", fmt.Errorf("find the replicas: Service %q has no port %d, which the webhooks name", name(named.ObjectKey), named.port)
}

// endpoints returns the endpoints with that port, the unready ones too, but not
// those that have ended. A pod with two addresses is there twice.
func endpoints(all []discoveryv1.EndpointSlice, portName string) []replica {
	var found []replica
	for _, slice := range all {
		i := slices.IndexFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool {
			return p.Port != nil && (p.Name == nil && portName == "" || p.Name != nil && *p.Name == portName)
		})
		if i < 0 {
			continue
		}
		port := *slice.Ports[i].Port
		for _, endpoint := range slice.Endpoints {
			conditions := endpoint.Conditions
			if len(endpoint.Addresses) == 0 || ptr.Deref(conditions.Terminating, false) && !ptr.Deref(conditions.Serving, false) {
				continue
			}
			r := replica{ready: conditions.Ready, port: port, address: net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(port)))}
			r.name = r.address
			if target := endpoint.TargetRef; target != nil && target.Kind == "Pod" {
				r.pod = client.ObjectKey{Namespace: cmp.Or(target.Namespace, slice.Namespace), Name: target.Name}
				r.name = target.Name
			}
			found = append(found, r)
		}
	}
	return found
}

// webhooksOf returns the configuration's webhooks, none if it does not exist.
func webhooksOf(configuration *admissionv1.MutatingWebhookConfiguration) []admissionv1.MutatingWebhook {
	if configuration == nil {
		return nil
	}
	return configuration.Webhooks
}
