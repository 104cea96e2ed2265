package serve

import (
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// nativeSince is the first kubelet whose native sidecars are stable (KEP-753).
var nativeSince = version.MajorMinor(1, 33)

// nodes knows whether every node can run native sidecars. It is fed by a watch
// and counts as nodes come and go, so that asking costs nothing.
type nodes struct {
	older   atomic.Int64 // nodes that cannot, or whose version cannot be read
	changed func()       // called when the answer may have changed
	synced  func() bool
}

// watchNodes returns what the cache's watch of the nodes will fill once the cache
// is started. changed must not block.
func watchNodes(ctx context.Context, from cache.Cache, changed func()) (*nodes, error) {
	informer, err := from.GetInformer(ctx, &corev1.Node{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch nodes: %w", err)
	}
	n := &nodes{changed: changed}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(added any) { n.count(nil, added) },
		UpdateFunc: n.count,
		DeleteFunc: func(deleted any) { n.count(deleted, nil) },
	})
	if err != nil {
		return nil, fmt.Errorf("watch nodes: %w", err)
	}
	n.synced = registration.HasSynced
	return n, nil
}

// native says that no known node is too old for native sidecars. It may be called
// concurrently.
func (n *nodes) native() bool { return n.older.Load() == 0 }

// count takes note of one node's change; nil is a node that is not there.
func (n *nodes) count(before, after any) {
	if last, ok := before.(toolscache.DeletedFinalStateUnknown); ok {
		before = last.Obj
	}
	change := int64(0)
	if isOlder(before) {
		change--
	}
	if isOlder(after) {
		change++
	}
	if change != 0 {
		n.older.Add(change)
		n.changed()
	}
}

func isOlder(object any) bool {
	node, ok := object.(*corev1.Node)
	return ok && !RunsNativeSidecars(node)
}

// RunsNativeSidecars says that the node's kubelet can run native sidecars; one whose version cannot be read cannot.
func RunsNativeSidecars(node *corev1.Node) bool {
	running, err := version.ParseGeneric(node.Status.NodeInfo.KubeletVersion)
	return err == nil && running.AtLeast(nativeSince)
}

// onlyVersion keeps of a node what count reads: there may be thousands.
func onlyVersion(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, ResourceVersion: node.ResourceVersion},
		Status:     corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{KubeletVersion: node.Status.NodeInfo.KubeletVersion}},
	}, nil
}
