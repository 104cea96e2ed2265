package explain

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

func objectOf(t *testing.T, text string) map[string]any {
	t.Helper()
	object := map[string]any{}
	if err := utilyaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// explainLive explains a live object, in a cluster where these pods are.
func explainLive(t *testing.T, text string, tweak func(*Options), pods ...string) Explanation {
	t.Helper()
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	namespaces, err := manifest.NewNamespaces(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: namespaces})
	if err != nil {
		t.Fatal(err)
	}
	webhooks, err := selection.Default(config)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Handler: handler, Webhooks: webhooks, Namespaces: namespaces, Namespace: "shop", Kubectl: "kubectl --context=x"}
	options.Pods = func(_ context.Context, _ string, selector labels.Selector) ([]map[string]any, error) {
		var found []map[string]any
		for _, pod := range pods {
			object := objectOf(t, pod)
			own, _ := object["metadata"].(map[string]any)["labels"].(map[string]any)
			set := labels.Set{}
			for key, value := range own {
				set[key], _ = value.(string)
			}
			if selector.Matches(set) {
				found = append(found, object)
			}
		}
		return found, nil
	}
	if tweak != nil {
		tweak(&options)
	}
	explainer, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	explained, err := explainer.Explain(t.Context(), []manifest.Document{manifest.FromObject("live", objectOf(t, text))})
	if err != nil {
		t.Fatal(err)
	}
	if len(explained) != 1 {
		t.Fatalf("%d explanations, want 1", len(explained))
	}
	return explained[0]
}

const templateAsks = `template: {metadata: {labels: {app: web}, annotations: {sidecar.istio.io/inject: "true"}}, spec: {containers: [{name: app, image: app}]}}`

func workload(apiVersion, kind, spec string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: web, namespace: shop}\nspec: {" + spec + "}\n"
}

// TestRenewal: how live pods that lack their sidecar come by it. A command is told only where it works.
func TestRenewal(t *testing.T) {
	const without = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, labels: {app: web}, annotations: {sidecar.istio.io/inject: \"true\"}}\nspec: {containers: [{name: app, image: app}]}\n"
	owned := func(apiVersion, kind, name, labels string) string {
		return strings.Replace(strings.Replace(without, "namespace: shop,", "namespace: shop, ownerReferences: [{apiVersion: "+apiVersion+", kind: "+kind+", name: "+name+", uid: u, controller: true}],", 1), "app: web", "app: web"+labels, 1)
	}
	const selector = "selector: {matchLabels: {app: web}}, "
	const anew = "Pods change only when they are made anew"
	cases := map[string]struct {
		text string
		want Renewal
	}{
		"a Deployment":              {workload("apps/v1", "Deployment", selector+templateAsks), Renewal{anew + ": restart the workload.", "kubectl --context=x rollout restart deployment/web -n shop"}},
		"a paused Deployment":       {workload("apps/v1", "Deployment", "paused: true, "+selector+templateAsks), Renewal{anew + ". The rollout of deployment/web is paused: it makes new pods when it is resumed.", ""}},
		"a DaemonSet with OnDelete": {workload("apps/v1", "DaemonSet", "updateStrategy: {type: OnDelete}, "+selector+templateAsks), Renewal{anew + ": daemonset/web makes a new one when one is deleted (updateStrategy OnDelete).", ""}},
		"a Job":                     {workload("batch/v1", "Job", selector+templateAsks), Renewal{anew + ": those of the next Job will be other ones.", ""}},
		"a ReplicaSet":              {workload("apps/v1", "ReplicaSet", selector+templateAsks), Renewal{anew + ": replicaset/web makes another when one is deleted.", ""}},
		"a ReplicationController":   {workload("v1", "ReplicationController", "selector: {app: web}, "+templateAsks), Renewal{anew + ": replicationcontroller/web makes another when one is deleted.", ""}},
		"a pod that nobody made":    {without, Renewal{anew + ", and no controller makes this one: create it again from its manifest.", ""}},
		"a pod of a Deployment":     {owned("apps/v1", "ReplicaSet", "web-5c9f", ", pod-template-hash: 5c9f"), Renewal{anew + ": restart the workload.", "kubectl --context=x rollout restart deployment/web -n shop"}},
		"a pod of a StatefulSet":    {owned("apps/v1", "StatefulSet", "db", ""), Renewal{anew + ": restart the workload.", "kubectl --context=x rollout restart statefulset/db -n shop"}},
		"a pod of a ReplicaSet":     {owned("apps/v1", "ReplicaSet", "alone", ""), Renewal{anew + ": replicaset/alone makes another when this one is deleted.", "kubectl --context=x delete pod a -n shop"}},
		"a pod of a Job":            {owned("batch/v1", "Job", "once", ""), Renewal{anew + ": those of the next Job will be other ones.", ""}},
		"a pod of another kind":     {owned("example.com/v1", "Thing", "it", ""), Renewal{anew + ": thing.example.com/it makes another when this one is deleted.", "kubectl --context=x delete pod a -n shop"}},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			explained := explainLive(t, c.text, nil, without)
			if explained.Renew == nil {
				t.Fatalf("there is none: %+v", explained)
			}
			if diff := cmp.Diff(c.want, *explained.Renew); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPods: the live pods of a workload, by what they have; those that ended and those of others do not count.
func TestPods(t *testing.T) {
	const status = `sidecar-injector.github.io/status: '{"revision":"default","templates":["envoy"],"hash":"0123456789ab","containers":{"sidecar-proxy":""}}'`
	pods := []string{
		pod(`namespace: shop, labels: {app: web}, annotations: {sidecar.istio.io/inject: "true"}`, ""),
		pod(`namespace: shop, labels: {app: web}, annotations: {sidecar.istio.io/inject: "true", `+status+"}", "initContainers: [{name: sidecar-proxy, image: x, restartPolicy: Always}]"),
		pod(`namespace: shop, labels: {app: web}, annotations: {sidecar.istio.io/status: "{}"}`, "initContainers: [{name: istio-proxy, image: x}]"),
		pod(`namespace: shop, labels: {app: web}`, "") + "status: {phase: Succeeded}\n",
		pod(`namespace: shop, labels: {app: other}`, ""),
	}
	want := Pods{With: 1, Outdated: 1, Without: 2, Other: 1}
	for _, text := range []string{
		workload("apps/v1", "Deployment", "selector: {matchLabels: {app: web}}, "+templateAsks),
		workload("v1", "ReplicationController", "selector: {app: web}, "+templateAsks),
	} {
		explained := explainLive(t, text, nil, pods...)
		if explained.Pods == nil || *explained.Pods != want {
			t.Errorf("%s: %+v, want %+v", explained.Kind, explained.Pods, want)
		}
	}
	if got, want := want.String(), "Of its live pods 1 have a sidecar (1 of them an outdated one) and 2 have none of this injector (1 of them another's)."; got != want {
		t.Errorf("in words: %s\nwant: %s", got, want)
	}
	if explained := explainLive(t, workload("example.com/v1", "Thing", "selector: {app: web}, "+templateAsks), nil, pods...); explained.Pods != nil {
		t.Errorf("of a kind whose selector is none: %+v", explained.Pods)
	}
}

// TestCommands: what is live has commands, and a pod is changed where it is made.
func TestCommands(t *testing.T) {
	const owned = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, labels: {pod-template-hash: 5c9f}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5c9f, uid: u, controller: true}]}\nspec: {containers: [{name: app, image: app}]}\n"
	want := []Remedy{
		{`annotate the pod template of deployment/web with sidecar.istio.io/inject: "true"`,
			`kubectl --context=x patch deployment/web -n shop --type merge -p '{"spec":{"template":{"metadata":{"annotations":{"sidecar.istio.io/inject":"true"}}}}}'`, Inject},
		{"label the namespace shop with istio-injection=enabled, which counts for all its new pods",
			"kubectl --context=x label namespace shop istio-injection=enabled --overwrite\nkubectl --context=x rollout restart deployment/web -n shop", Inject},
	}
	if diff := cmp.Diff(want, explainLive(t, owned, nil).Remedies); diff != "" {
		t.Errorf("a pod of a Deployment (-want +got):\n%s", diff)
	}
	want[0] = Remedy{`annotate the pod template of cronjob/web with sidecar.istio.io/inject: "true"`,
		`kubectl --context=x patch cronjob/web -n shop --type merge -p '{"spec":{"jobTemplate":{"spec":{"template":{"metadata":{"annotations":{"sidecar.istio.io/inject":"true"}}}}}}}'`, Inject}
	want[1].Command = "kubectl --context=x label namespace shop istio-injection=enabled --overwrite"
	cronJob := workload("batch/v1", "CronJob", "jobTemplate: {spec: {template: {spec: {containers: [{name: app, image: app}]}}}}")
	if diff := cmp.Diff(want, explainLive(t, cronJob, nil).Remedies); diff != "" {
		t.Errorf("a CronJob (-want +got):\n%s", diff)
	}
	for _, remedy := range explainLive(t, workload("batch/v1", "Job", templateAsks), nil).Remedies {
		if strings.Contains(remedy.Command, "patch") {
			t.Errorf("a Job's template cannot be changed: %s", remedy.Command)
		}
	}
}

func newWebhooks(t *testing.T, entries ...admissionregistrationv1.MutatingWebhook) *selection.Webhooks {
	t.Helper()
	webhooks, err := selection.New(&admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: entries})
	if err != nil {
		t.Fatal(err)
	}
	return webhooks
}

// TestNoInjector: nobody is asked, and that is what is said.
func TestNoInjector(t *testing.T) {
	explained := explainLive(t, pod("namespace: shop", ""), func(o *Options) { o.Webhooks = newWebhooks(t) })
	var out strings.Builder
	if err := Write(&out, []Explanation{explained}, Look{Wide: true}); err != nil {
		t.Fatal(err)
	}
	const want = `Pod shop/a: not injected, because no injector is installed in the cluster
The pod has no sidecar, and none is due.

What would make it different (and give it a sidecar):
  an injector in the cluster

Who is asked:
  nobody: no MutatingWebhookConfiguration calls a path below /inject
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOthers: which webhooks of other configurations are asked about the pod too.
func TestOthers(t *testing.T) {
	rules := []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
	}}
	url := "https://127.0.0.1/inject/pod"
	explained := explainLive(t, pod("namespace: shop", ""), func(o *Options) {
		o.Others = map[string]*selection.Webhooks{
			"istio": newWebhooks(t, admissionregistrationv1.MutatingWebhook{Name: "rev.istio.io", Rules: rules}, admissionregistrationv1.MutatingWebhook{Name: "for.nothing"}),
			"blue":  newWebhooks(t, admissionregistrationv1.MutatingWebhook{Name: "pod.blue", Rules: rules, ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url}}),
		}
	})
	want := []Other{{"blue", "pod.blue", true}, {"istio", "rev.istio.io", false}}
	if diff := cmp.Diff(want, explained.Others); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
