package serve

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// fileInterval is how often the configuration's files are read.
const fileInterval = time.Second

// The back-off after an error: at once at first, since a pod may be refused
// meanwhile, and never so rarely that a repair goes unnoticed.
const (
	retryFirst = 10 * time.Millisecond
	retryMost  = 30 * time.Second
)

// addConfiguration makes the source of the handler's configuration. Files must be
// good at the start: nobody else would tell what is wrong with them. The validator
// is nil if nobody is to be asked.
func addConfiguration(ctx context.Context, mgr manager.Manager, options *Options, namespace string, handler *webhook.Handler) (*reloader, *configValidator, error) {
	key := types.NamespacedName{Namespace: namespace, Name: options.ConfigMap}
	c, err := newReloader(handler, metrics.Registry, fmt.Errorf("waiting for ConfigMap %q", key))
	if err != nil {
		return nil, nil, err
	}
	if options.filesOnly() {
		files := &fileSource{reloader: c, config: options.ConfigFile, values: options.ValuesFile, profile: options.ProfileFolder,
			interval: fileInterval, log: mgr.GetLogger().WithName("configuration")}
		if err := files.load(ctx); err != nil {
			return nil, nil, err
		}
		return c, nil, mgr.Add(files)
	}
	var watched *istioWatch
	sources := []source.Source{watch(mgr, &corev1.ConfigMap{}, key)}
	if options.IstioNamespace != "" {
		if watched, err = watchIstio(ctx, mgr, options, key); err != nil {
			return nil, nil, err
		}
		sources = append(sources, watched.changes...)
	}
	meshSources, err := watchSources(mgr, options)
	if err != nil {
		return nil, nil, err
	}
	for _, from := range meshSources {
		sources = append(sources, from.changes(key))
	}
	reconciler := &configMapSource{
		reloader: c,
		reader:   mgr.GetClient(),
		recorder: mgr.GetEventRecorder("sidecar-injector"),
		istio:    watched,
		sources:  meshSources,
	}
	var validator *configValidator
	if options.ConfigWebhook != "" {
		validator = newConfigValidator(reconciler, key, options.Installation)
	}
	return c, validator, addReconciler(mgr, "configuration", reconciler, sources...)
}

// addReconciler runs the reconciler for the events of the sources, one at a time, and
// again with back-off after an error. There is no leader: every replica does.
func addReconciler(mgr manager.Manager, name string, reconciler reconcile.Reconciler, sources ...source.Source) error {
	c, err := controller.New(name, mgr, controller.Options{
		Reconciler:         reconciler,
		NeedLeaderElection: new(false),
		RateLimiter:        workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryMost),
	})
	if err != nil {
		return fmt.Errorf("set up %s: %w", name, err)
	}
	for _, from := range sources {
		if err := c.Watch(from); err != nil {
			return fmt.Errorf("set up %s: %w", name, err)
		}
	}
	return nil
}

// watch is the source of the changes of one object, the cache's only one of its
// type.
func watch[T client.Object](mgr manager.Manager, object T, key types.NamespacedName) source.Source {
	return source.Kind(mgr.GetCache(), object, enqueue[T](key))
}

// enqueue asks for a reconciliation of key at every event.
func enqueue[T any](key types.NamespacedName) handler.TypedEventHandler[T, reconcile.Request] {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	request := reconcile.Request{NamespacedName: key}
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, _ event.TypedCreateEvent[T], q queue) { q.Add(request) },
		UpdateFunc:  func(_ context.Context, _ event.TypedUpdateEvent[T], q queue) { q.Add(request) },
		DeleteFunc:  func(_ context.Context, _ event.TypedDeleteEvent[T], q queue) { q.Add(request) },
		GenericFunc: func(_ context.Context, _ event.TypedGenericEvent[T], q queue) { q.Add(request) },
	}
}

// signal says that something has changed. Its zero value is not usable; it may be
// used concurrently.
type signal chan event.GenericEvent

func newSignal() signal { return make(signal, 1) }

// notify never blocks: an event that waits already says the same.
func (c signal) notify() {
	select {
	case c <- event.GenericEvent{}:
	default:
	}
}

// source asks for a reconciliation of key at every signal.
func (c signal) source(key types.NamespacedName) source.Source {
	return source.Channel(c, enqueue[client.Object](key))
}
