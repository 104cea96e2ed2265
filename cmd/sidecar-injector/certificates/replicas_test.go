package certificates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestReplicas(t *testing.T) {
	labels := map[string]string{discoveryv1.LabelServiceName: "injector"}
	pod := func(name string) *corev1.ObjectReference { return &corev1.ObjectReference{Kind: "Pod", Name: name} }
	slice := func(name string, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: name, Labels: labels},
			Ports: []discoveryv1.EndpointPort{
				{Name: new("metrics"), Port: new(int32(8080))},
				{Name: new("webhook"), Port: new(int32(9443))},
			},
			Endpoints: endpoints,
		}
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "injector"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "metrics", Port: 80}, {Name: "webhook", Port: 443}}},
	}
	both := []client.Object{
		service,
		slice("v4",
			discoveryv1.Endpoint{Addresses: []string{"10.0.0.2"}, TargetRef: pod("b"), Conditions: discoveryv1.EndpointConditions{Ready: new(false)}},
			discoveryv1.Endpoint{Addresses: []string{"10.0.0.1"}, TargetRef: pod("a"), Conditions: discoveryv1.EndpointConditions{Ready: new(true)}},
			discoveryv1.Endpoint{Addresses: []string{"10.0.0.3"}, TargetRef: pod("ended"), Conditions: discoveryv1.EndpointConditions{Terminating: new(true), Serving: new(false)}},
		),
		slice("v6", discoveryv1.Endpoint{Addresses: []string{"fd00::1"}, TargetRef: pod("a"), Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}),
	}
	a := replica{name: "a", ready: new(true), pod: client.ObjectKey{Namespace: "mesh", Name: "a"}, port: 9443, address: "10.0.0.1:9443"}
	b := replica{name: "b", ready: new(false), pod: client.ObjectKey{Namespace: "mesh", Name: "b"}, port: 9443, address: "10.0.0.2:9443"}
	cases := map[string]struct {
		objects []client.Object
		given   []string
		url     bool
		want    []replica
		problem string
	}{
		"the ready and the unready pods, each once": {both, nil, false, []replica{a, b}, ""},
		"those that are given alone":                {both, []string{"h:1"}, false, []replica{{name: "h:1", address: "h:1"}}, ""},
		"those that are given, with a URL":          {nil, []string{"h:1"}, true, []replica{{name: "h:1", address: "h:1"}}, ""},
		"a URL alone":                               {both, nil, true, nil, "no replica was looked at: the webhooks name no Service, --replica has to say where replicas serve"},
		"no endpoints":                              {[]client.Object{service}, nil, false, nil, `no replica serves: Service "mesh/injector" has no endpoints`},
		"an endpoint without a pod": {
			[]client.Object{service, slice("x", discoveryv1.Endpoint{Addresses: []string{"fd00::1"}})}, nil, false,
			[]replica{{name: "[fd00::1]:9443", port: 9443, address: "[fd00::1]:9443"}}, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			injector := &Injector{
				options: Options{Replicas: c.given},
				client:  fake.NewClientBuilder().WithScheme(newScheme()).WithRESTMapper(newMapper()).WithObjects(c.objects...).Build(),
			}
			webhook := admissionv1.MutatingWebhook{ClientConfig: admissionv1.WebhookClientConfig{
				Service: &admissionv1.ServiceReference{Namespace: "mesh", Name: "injector"},
			}}
			if c.url {
				webhook.ClientConfig = admissionv1.WebhookClientConfig{URL: new("https://h:1/")}
			}
			// Two webhooks of one Service.
			configuration := &admissionv1.MutatingWebhookConfiguration{Webhooks: []admissionv1.MutatingWebhook{webhook, webhook}}
			got, problem, err := injector.replicas(t.Context(), configuration)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(replica{})); diff != "" {
				t.Error(diff)
			}
			if problem != c.problem {
				t.Errorf("problem is %q, want %q", problem, c.problem)
			}
		})
	}
}
