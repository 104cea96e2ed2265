package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/lru"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Options configure an Auditor. All are required.
type Options struct {
	// Config is what the injector runs with, and Webhooks say which pods it is asked about.
	Config   *webhook.Config
	Webhooks *selection.Webhooks
	// Namespaces has the labels and annotations of namespaces.
	Namespaces *manifest.Namespaces
	// Now is when the pods are looked at: a container that has just started is not blamed for not being ready.
	Now time.Time
}

// Auditor judges live pods. Create it with New; any number of goroutines may use it.
type Auditor struct {
	options Options
	// known holds what is due to pods that are alike, as those of one workload are.
	known *lru.Cache // [sha256.Size]byte → *due
}

// knownSize bounds what is known, so that memory does not grow with pods that are all different. A list has the pods of a
// workload one after the other.
const knownSize = 1024

// New returns an Auditor.
func New(options Options) (*Auditor, error) {
	if options.Config == nil || options.Webhooks == nil || options.Namespaces == nil || options.Now.IsZero() {
		return nil, errors.New("audit needs a configuration, webhooks, namespaces and the time")
	}
	return &Auditor{options: options, known: lru.New(knownSize)}, nil
}

// due is what a pod would get if it were created now.
type due struct {
	inject bool
	// elsewhere says that the webhooks leave the pod alone: another injector may have been asked about it.
	elsewhere bool
	detail    string
	rendered  *templates.Rendered // nil if it would not be injected, or err is set
	err       error
}

// Look returns what is wrong with the sidecar of a live pod, nil if nothing is, and whether it has one. The pod is not
// changed.
func (a *Auditor) Look(ctx context.Context, pod *corev1.Pod) (finding *Finding, injected bool, err error) {
	raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return nil, false, fmt.Errorf("decode pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	raw["apiVersion"], raw["kind"] = "v1", "Pod"
	due, err := a.dueTo(ctx, pod.Namespace, raw)
	if err != nil {
		return nil, false, fmt.Errorf("judge pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	record, injected := a.options.Config.Engine().RecordOf(raw)
	return a.compare(pod, due, record, injected), injected, nil
}

// compare says what is wrong with what a pod has, beside what is due to it.
func (a *Auditor) compare(pod *corev1.Pod, due *due, record templates.Record, injected bool) *Finding {
	switch {
	case due.elsewhere && injected && record.Revision != "" && record.Revision != a.options.Config.Engine().Revision():
		return nil
	case due.err != nil:
		return &Finding{Failed, due.err.Error()}
	case due.inject && !injected:
		return &Finding{Missing, due.detail}
	case !due.inject && injected:
		return &Finding{Unwanted, due.detail}
	case !injected:
		return nil
	case due.rendered.Hash != record.Hash:
		return &Finding{Outdated, outdated(record, due.rendered.Record)}
	}
	if detail := otherImage(pod, due.rendered.Images); detail != "" {
		return &Finding{Image, detail}
	}
	if detail := notReady(pod, record.Containers, a.options.Now); detail != "" {
		return &Finding{NotReady, detail}
	}
	return nil
}

// Collect looks at pods, side by side, and notes what is found. Pods that have ended, or are about to, are left out.
func (a *Auditor) Collect(ctx context.Context, pods []corev1.Pod, collector *Collector) error {
	workers := goruntime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			for i := worker; i < len(pods) && errs[worker] == nil; i += workers {
				errs[worker] = a.collect(ctx, &pods[i], collector)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

func (a *Auditor) collect(ctx context.Context, pod *corev1.Pod, collector *Collector) error {
	if ends(pod) {
		return nil
	}
	finding, injected, err := a.Look(ctx, pod)
	if err == nil {
		collector.Add(pod, injected, finding)
	}
	return err
}

// ends says that a pod has ended, or is about to.
func ends(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// tokenVolume is the name of a ServiceAccount token's volume, which differs from pod to pod.
var tokenVolume = regexp.MustCompile(`"kube-api-access-[a-z0-9]{5}"`)

// dueTo says what is due to a pod. Pods of which templates and rules see the same are judged once.
func (a *Auditor) dueTo(ctx context.Context, namespace string, raw map[string]any) (*due, error) {
	created := simulate.AsCreated(raw)
	text, err := json.Marshal(created)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(tokenVolume.ReplaceAll(text, []byte(`"kube-api-access"`)))
	if known, ok := a.known.Get(key); ok {
		return known.(*due), nil
	}
	judged, err := a.judge(ctx, namespace, created)
	if err == nil {
		a.known.Add(key, judged)
	}
	return judged, err
}

func (a *Auditor) judge(ctx context.Context, namespace string, created map[string]any) (*due, error) {
	meta := a.options.Namespaces.Namespace(namespace)
	calls, err := a.options.Webhooks.For(ctx, meta, created)
	if err != nil {
		return nil, err
	}
	call := selection.Closest(calls)
	if check, failed := call.Failed(); failed && check.Field != selection.CheckMatchCondition || call.Scope == "" {
		return &due{elsewhere: true, detail: call.Why()}, nil
	}
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(created, &typed); err != nil {
		return nil, err
	}
	decision := webhook.Decide(&typed, call.Scope.Namespace(meta), a.options.Config.Policy())
	if !decision.Inject {
		return &due{elsewhere: !call.Called, detail: decision.Detail}, nil
	}
	if !call.Called {
		return &due{elsewhere: true, detail: call.Why()}, nil
	}
	judged := &due{inject: true, detail: decision.Detail}
	judged.rendered, judged.err = a.options.Config.Engine().Render(templates.Input{Pod: created, Namespace: *meta})
	if skip, ok := errors.AsType[*templates.SkipError](judged.err); ok {
		return &due{detail: skip.Text}, nil
	}
	return judged, nil
}

func outdated(then, now templates.Record) string {
	switch {
	case then.Hash == "":
		return "injected by a program that did not record what it injected: an older version, or Istio's injector"
	case then.Revision != now.Revision:
		return fmt.Sprintf("injected by the revision %s, today it is %s", then.Revision, now.Revision)
	case !slices.Equal(then.Templates, now.Templates):
		return fmt.Sprintf("injected with the templates %s, today they are %s", strings.Join(then.Templates, ", "), strings.Join(now.Templates, ", "))
	}
	return "injected with other templates or values than today's"
}

func otherImage(pod *corev1.Pod, images map[string]string) string {
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if today, ok := images[container.Name]; ok && today != container.Image {
			return fmt.Sprintf("%s runs the image %s, today's is %s", container.Name, container.Image, today)
		}
	}
	return ""
}
