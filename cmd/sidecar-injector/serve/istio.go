package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// istioWatch follows what an Istio installation says of injection.
type istioWatch struct {
	options        *Options
	injector, mesh watchedConfigMap
	nodes          *nodes
	proxyConfigs   *proxyConfigs
	changes        []source.Source
}

// watchedConfigMap is one ConfigMap and the cache that holds nothing else: a role
// that allows to watch one name only does not allow to watch two at once.
type watchedConfigMap struct {
	key  types.NamespacedName
	held cache.Cache
}

// watchIstio sets up the watches; their changes ask for a reconciliation of key.
func watchIstio(ctx context.Context, mgr manager.Manager, options *Options, key types.NamespacedName) (*istioWatch, error) {
	names := istio.ConfigMapsOf(options.IstioRevision)
	injector, err := watchConfigMap(mgr, types.NamespacedName{Namespace: options.IstioNamespace, Name: names.Injector})
	if err != nil {
		return nil, err
	}
	mesh, err := watchConfigMap(mgr, types.NamespacedName{Namespace: options.IstioNamespace, Name: names.Mesh})
	if err != nil {
		return nil, err
	}
	changed := newSignal()
	nodes, err := watchNodes(ctx, mgr.GetCache(), changed.notify)
	if err != nil {
		return nil, err
	}
	proxyConfigs, err := watchProxyConfigs(ctx, mgr, changed.notify)
	if err != nil {
		return nil, err
	}
	return &istioWatch{
		options:      options,
		injector:     injector,
		mesh:         mesh,
		nodes:        nodes,
		proxyConfigs: proxyConfigs,
		changes:      []source.Source{injector.changes(key), mesh.changes(key), changed.source(key)},
	}, nil
}

func watchConfigMap(mgr manager.Manager, key types.NamespacedName) (watchedConfigMap, error) {
	held, err := addCache(mgr, &corev1.ConfigMap{}, onlyOne(key.Namespace, key.Name), nil)
	return watchedConfigMap{key: key, held: held}, err
}

// watchSources watches the ConfigMaps of a mesh from which the profile takes values.
func watchSources(mgr manager.Manager, options *Options) ([]watchedConfigMap, error) {
	names, err := options.SourceNames()
	if err != nil {
		return nil, err
	}
	all := make([]watchedConfigMap, len(names))
	for i, name := range names {
		if all[i], err = watchConfigMap(mgr, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// changes asks for a reconciliation of key when the ConfigMap changes.
func (w watchedConfigMap) changes(key types.NamespacedName) source.Source {
	return source.Kind(w.held, client.Object(&corev1.ConfigMap{}), enqueue[client.Object](key))
}

// addCache makes a cache of one type, which runs in the manager. failed may be
// nil; it is told of the watch's errors, which are tried again.
func addCache(mgr manager.Manager, object client.Object, of cache.ByObject, failed toolscache.WatchErrorHandlerWithContext) (cache.Cache, error) {
	c, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient:                   mgr.GetHTTPClient(),
		Scheme:                       mgr.GetScheme(),
		Mapper:                       mgr.GetRESTMapper(),
		DefaultTransform:             cache.TransformStripManagedFields(),
		DefaultUnsafeDisableDeepCopy: new(true),
		DefaultWatchErrorHandler:     failed,
		ByObject:                     map[client.Object]cache.ByObject{object: of},
	})
	if err != nil {
		return nil, fmt.Errorf("set up a watch: %w", err)
	}
	return c, mgr.Add(c)
}

// The lists that are not complete yet: their informers do not tell when they are,
// so somebody has to look again.
var (
	errNodesUnknown        = errors.New("waiting for the API server to list the nodes")
	errProxyConfigsUnknown = errors.New("waiting for the API server to list the ProxyConfigs")
)

// sources returns what is known now. The error says, for people, what is missing.
func (w *istioWatch) sources(ctx context.Context) (istio.Sources, error) {
	if !w.nodes.synced() {
		return istio.Sources{}, errNodesUnknown
	}
	if !w.proxyConfigs.known() {
		return istio.Sources{}, errProxyConfigsUnknown
	}
	injector, err := w.injector.get(ctx)
	if err != nil {
		return istio.Sources{}, err
	}
	mesh, err := w.mesh.get(ctx)
	if err != nil {
		return istio.Sources{}, err
	}
	sources := istio.FromConfigMaps(injector, mesh)
	sources.Revision = w.options.IstioRevision
	sources.OpenShift = w.options.IstioOpenShift
	sources.CompliancePolicy = w.options.IstioCompliancePolicy
	sources.NativeSidecars = w.nodes.native()
	sources.ProxyConfigs = w.proxyConfigs.list(ctx)
	return sources, nil
}

func (w watchedConfigMap) get(ctx context.Context) (map[string]string, error) {
	var object corev1.ConfigMap
	err := w.held.Get(ctx, w.key, &object)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("waiting for ConfigMap %q: it does not exist", w.key)
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %q: %w", w.key, err)
	}
	return object.Data, nil
}

// proxyConfigs holds the cluster's ProxyConfig resources, if it has that kind.
type proxyConfigs struct {
	held   toolscache.Store
	synced func() bool
	absent atomic.Bool // the API server has no such kind
}

// watchProxyConfigs watches the kind if it is there, and from when it appears.
func watchProxyConfigs(ctx context.Context, mgr manager.Manager, changed func()) (*proxyConfigs, error) {
	p := &proxyConfigs{held: toolscache.NewStore(toolscache.DeletionHandlingMetaNamespaceKeyFunc)}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(istio.ProxyConfigKind())
	from, err := addCache(mgr, object, cache.ByObject{}, func(ctx context.Context, r *toolscache.Reflector, err error) {
		if !apierrors.IsNotFound(err) {
			toolscache.DefaultWatchErrorHandler(ctx, r, err)
		} else if !p.absent.Swap(true) {
			changed()
		}
	})
	if err != nil {
		return nil, err
	}
	informer, err := from.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch ProxyConfigs: %w", err)
	}
	registration, err := informer.AddEventHandler(mirror(p.held, changed))
	if err != nil {
		return nil, fmt.Errorf("watch ProxyConfigs: %w", err)
	}
	p.synced = registration.HasSynced
	return p, nil
}

// mirror keeps a store equal to what an informer tells, and calls changed.
func mirror(to toolscache.Store, changed func()) toolscache.ResourceEventHandler {
	note := func(change func(any) error, object any) {
		if err := change(object); err == nil { // the only error is an object without a name
			changed()
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(added any) { note(to.Add, added) },
		UpdateFunc: func(_, after any) { note(to.Update, after) },
		DeleteFunc: func(deleted any) { note(to.Delete, deleted) },
	}
}

// known says that the list is complete.
func (p *proxyConfigs) known() bool { return p.absent.Load() || p.synced() }

// list returns the resources, by namespace and name. One that cannot be read is left out and logged: a
// tenant who can write one must not stop everybody's configuration.
func (p *proxyConfigs) list(ctx context.Context) []istio.ProxyConfig {
	var all []istio.ProxyConfig
	for _, held := range p.held.List() {
		object, ok := held.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		resource, err := istio.DecodeProxyConfig(object.Object)
		if err != nil {
			log.FromContext(ctx).Error(err, "ProxyConfig left out", "proxyConfig", object.GetNamespace()+"/"+object.GetName())
			continue
		}
		all = append(all, resource)
	}
	slices.SortFunc(all, func(a, b istio.ProxyConfig) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return all
}
