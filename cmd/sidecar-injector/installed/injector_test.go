package installed

import (
	"errors"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// The objects of an installation, as far as Find looks at them.

func webhookConfiguration(name, path string) *admissionregistrationv1.MutatingWebhookConfiguration {
	return &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:         "pod.example.com",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "mesh", Name: "injector", Path: &path}},
		}},
	}
}

func service(selector map[string]string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "injector"}, Spec: corev1.ServiceSpec{Selector: selector}}
}

func deployment(arguments ...string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "injector"}}
	d.Spec.Template.Labels = map[string]string{"app": "injector", "more": "labels"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "beside"}, {Name: "injector", Args: arguments}}
	return d
}

// behindURL is a configuration that calls a URL, and chartDeployment what the chart installs under a name.

func behindURL(name string) *admissionregistrationv1.MutatingWebhookConfiguration {
	configuration := webhookConfiguration(name, "")
	url := "https://10.0.0.1:9443/inject/namespace"
	configuration.Webhooks[0].ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url}
	return configuration
}

func chartDeployment(name string) *appsv1.Deployment {
	d := deployment("serve", "--webhook-configuration="+name, "--config-map="+name)
	d.Name, d.Labels = name, map[string]string{"app.kubernetes.io/name": "sidecar-injector"}
	return d
}

func configMapOf(name, config string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: name}, Data: map[string]string{"config": config, "values": "{}"}}
}

func TestFind(t *testing.T) {
	selects := map[string]string{"app": "injector"}
	ours := webhookConfiguration("injector", "/inject/pod")
	cases := map[string]struct {
		name     string
		objects  []runtime.Object
		revision string // of what is found
		err      string
	}{
		"by its paths": {
			"", []runtime.Object{webhookConfiguration("other", "/mutate"), ours, service(selects), deployment("serve", "--config-map=mine"), configMapOf("mine", "revision: blue")},
			"blue", "",
		},
		"by its name": {
			"injector", []runtime.Object{ours, webhookConfiguration("second", "/inject/pod"), service(selects), deployment("serve"), configMapOf("sidecar-injector", "revision: green")},
			"green", "",
		},
		"flags of another version do not matter": {
			"", []runtime.Object{ours, service(selects), deployment("serve", "--flag-of-the-future=x", "--config-map=mine"), configMapOf("mine", "revision: blue")},
			"blue", "",
		},
		"behind a URL": {
			"injector", []runtime.Object{behindURL("injector"), chartDeployment("other"), chartDeployment("injector"), configMapOf("injector", "revision: blue")},
			"blue", "",
		},
		"behind a URL, and nobody serves": {
			"injector", []runtime.Object{behindURL("injector"), chartDeployment("other")}, "",
			`MutatingWebhookConfiguration "injector" calls a URL, and no Deployment serves it`,
		},
		"none":             {"", []runtime.Object{webhookConfiguration("other", "/mutate")}, "", ErrNone.Error()},
		"several":          {"", []runtime.Object{ours, webhookConfiguration("a", "/inject/pod/cluster/east")}, "", "several injectors are installed, --injector names one: a, injector"},
		"not of that name": {"absent", []runtime.Object{ours}, "", `read MutatingWebhookConfiguration "absent": mutatingwebhookconfigurations.admissionregistration.k8s.io "absent" not found`},
		"not ours":         {"other", []runtime.Object{webhookConfiguration("other", "/mutate")}, "", `MutatingWebhookConfiguration "other" is not of an injector: no entry calls a path below /inject`},
		"no Service":       {"", []runtime.Object{ours}, "", `MutatingWebhookConfiguration "injector" names Service mesh/injector, which does not exist`},
		"a Service of something outside": {
			"", []runtime.Object{ours, service(nil), deployment("serve")}, "",
			"the Service mesh/injector selects no pods, so the injector's configuration cannot be found: --config names it",
		},
		"no Deployment": {
			"", []runtime.Object{ours, service(map[string]string{"app": "other"}), deployment("serve")}, "",
			"no Deployment makes pods for Service mesh/injector",
		},
		"nothing serves": {
			"", []runtime.Object{ours, service(selects), deployment("version")}, "",
			"no container of Deployment mesh/injector runs serve",
		},
		"from files": {
			"", []runtime.Object{ours, service(selects), deployment("serve", "--config=/etc/config.yaml")}, "",
			"read the configuration of Deployment mesh/injector: it reads files in its container",
		},
		"no ConfigMap": {
			"", []runtime.Object{ours, service(selects), deployment("serve")}, "",
			`read the configuration of Deployment mesh/injector: read ConfigMap mesh/sidecar-injector: configmaps "sidecar-injector" not found`,
		},
		"a configuration that serve refuses too": {
			"", []runtime.Object{ours, service(selects), deployment("serve"), configMapOf("sidecar-injector", "policy: perhaps")}, "",
			`read the configuration of Deployment mesh/injector: config: line 1: policy "perhaps" is not allowed, want one of enabled, disabled`,
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			found, err := Find(t.Context(), fake.NewClientBuilder().WithRuntimeObjects(c.objects...).Build(), c.name)
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("got %v, want %s", err, c.err)
				}
				if sentence == "none" && !errors.Is(err, ErrNone) {
					t.Error("it is not ErrNone")
				}
				if found != nil && (found.Configuration == nil || found.Webhooks == nil) {
					t.Errorf("what was found until then has no webhooks: %+v", found)
				}
				if sentence == "from files" && (found == nil || found.Deployment == nil) {
					t.Errorf("found until then: %+v, want the Deployment", found)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if found.Deployment.Name != "injector" || found.Webhooks == nil || found.ConfigMap.Namespace != "mesh" {
				t.Errorf("found %+v", found)
			}
			status, err := found.Config.Engine().Inject(injection())
			if err != nil {
				t.Fatal(err)
			}
			annotations, _ := status.Pod["metadata"].(map[string]any)["annotations"].(map[string]any)
			if text, _ := annotations["sidecar-injector.github.io/status"].(string); !strings.Contains(text, `"revision":"`+c.revision+`"`) {
				t.Errorf("the status is %s, want the revision %q", text, c.revision)
			}
		})
	}
}

func injection() templates.Input {
	return templates.Input{
		Namespace: metav1.ObjectMeta{Name: "shop"},
		Pod: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "a"},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "a", "image": "a"}}},
		},
	}
}
