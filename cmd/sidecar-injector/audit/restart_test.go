package audit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// told keeps what is told.
type told []string

func (t *told) Update(text string) { *t = append(*t, "… "+text) }
func (t *told) End(text string)    { *t = append(*t, text) }

// webOf is a Deployment of one pod that is up; its pods were restarted at the given time, "" for never.
func webOf(restarted string, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
		Status:     appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1},
	}
	if restarted != "" {
		d.Spec.Template.Annotations = map[string]string{restartedAt: restarted}
	}
	for _, change := range change {
		change(d)
	}
	return d
}

// TestRestart: what is told of each workload, what ends the restarts, and what is patched.
func TestRestart(t *testing.T) {
	auditor := newAuditor(t, "", "shop")
	engine := auditor.options.Config.Engine()
	stamp := lookedAt.Format(time.RFC3339)
	down := func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 }
	cases := map[string]struct {
		objects []client.Object
		made    *corev1.Pod // by the restart
		fails   error       // of a patch
		patched bool
		told    []string
		err     string
	}{
		"it comes up": {
			objects: []client.Object{webOf(""), livePod(1)},
			made:    injectedBy(t, engine, livePod(2, annotate(restartedAt, stamp))), patched: true,
			told: []string{"[1/2] shop deployment/web: restarted, 1 pod", "[2/2] shop daemonset/gone: left alone, it is gone"},
		},
		"it does not come up": {
			objects: []client.Object{webOf("", down), livePod(1)}, patched: true,
			told: []string{"… [1/2] shop deployment/web: 0 of 1 new pods are available"},
			err:  "restart deployment/web in shop: not up after 10ms: 0 of 1 new pods are available; the workload after it is not restarted",
		},
		"its new pods have no sidecar either": {
			objects: []client.Object{webOf(""), livePod(1)},
			made:    livePod(2, annotate(restartedAt, stamp)), patched: true,
			told: []string{"[1/2] shop deployment/web: restarted, 1 pod"},
			err:  `restart deployment/web in shop: its new pods are no better: missing, the namespace "shop" opted in by its label istio-injection=enabled; the workload after it is not restarted`,
		},
		"it was restarted since its pods were made": {
			objects: []client.Object{webOf("2026"), livePod(1), injectedBy(t, engine, livePod(2, annotate(restartedAt, "2026")))},
			told:    []string{"[1/2] shop deployment/web: not restarted, its pods were made anew already, 1 pod", "[2/2] shop daemonset/gone: left alone, it is gone"},
		},
		"it was restarted, and is not up": {
			objects: []client.Object{webOf("2026", down), livePod(1)},
			told:    []string{"… [1/2] shop deployment/web: 0 of 1 new pods are available"},
			err:     "restart deployment/web in shop: not up after 10ms: 0 of 1 new pods are available; the workload after it is not restarted",
		},
		"it is paused": {
			objects: []client.Object{webOf("", func(d *appsv1.Deployment) { d.Spec.Paused = true }), livePod(1)},
			told:    []string{"[1/2] shop deployment/web: left alone, its rollout is paused", "[2/2] shop daemonset/gone: left alone, it is gone"},
		},
		"it may not be patched": {
			objects: []client.Object{webOf(""), livePod(1)},
			fails:   apierrors.NewForbidden(appsv1.Resource("deployments"), "web", errors.New("no")),
			err:     `restart deployment/web in shop: deployments.apps "web" is forbidden: no; the workload after it is not restarted`,
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			patched := false
			restarter, tell := newRestarter(t, auditor, c.objects, interceptor.Funcs{
				Patch: func(ctx context.Context, under client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
					if c.fails != nil {
						return c.fails
					}
					patched = true
					if c.made != nil {
						if err := under.Create(ctx, c.made.DeepCopy()); err != nil {
							t.Error(err)
						}
					}
					return under.Patch(ctx, object, patch, options...)
				},
			})
			err := restarter.Restart(t.Context(), []Workload{{"shop", "Deployment", "web"}, {"shop", "DaemonSet", "gone"}})
			if err == nil {
				err = errors.New("")
			}
			if diff := cmp.Diff(c.err, err.Error()); diff != "" {
				t.Errorf("the error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.told, []string(*tell)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			var web appsv1.Deployment
			if err := restarter.Client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "web"}, &web); err != nil {
				t.Fatal(err)
			}
			if patched != c.patched || patched && web.Spec.Template.Annotations[restartedAt] != stamp {
				t.Errorf("patched %t, want %t; the template's annotations are %v", patched, c.patched, web.Spec.Template.Annotations)
			}
		})
	}
}

// TestInterrupted: the error says where it stopped, and what is not touched.
func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	restarter, _ := newRestarter(t, newAuditor(t, "", "shop"), []client.Object{webOf(""), livePod(1)}, interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			stop()
			return ctx.Err()
		},
	})
	err := restarter.Restart(ctx, []Workload{{"shop", "Deployment", "web"}, {"shop", "DaemonSet", "a"}, {"shop", "DaemonSet", "b"}})
	const want = "interrupted at deployment/web in shop; its rollout goes on if it has begun; the 2 workloads after it are not restarted"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func newRestarter(t *testing.T, auditor *Auditor, objects []client.Object, funcs interceptor.Funcs) (*Restarter, *told) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	var copies []client.Object
	for _, object := range objects {
		copies = append(copies, object.DeepCopyObject().(client.Object))
	}
	var tell told
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(copies...).WithInterceptorFuncs(funcs).Build()
	return &Restarter{
		Client: cluster,
		Pods: func(ctx context.Context, visit func([]corev1.Pod) error, options ...client.ListOption) error {
			var all corev1.PodList
			if err := cluster.List(ctx, &all, options...); err != nil {
				return err
			}
			return visit(all.Items)
		},
		Auditor: auditor, Timeout: 10 * time.Millisecond, Progress: &tell, Now: func() time.Time { return lookedAt },
	}, &tell
}
