package serve

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
)

func TestNamespaces(t *testing.T) {
	n := &namespaces{synced: func() bool { return false }}
	if n.ready() == nil {
		t.Error("ready before the namespaces are known")
	}
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: "shop", ResourceVersion: "7", Labels: map[string]string{"team": "a"}, Annotations: map[string]string{"note": "b"},
	}}
	n.store(object)
	n.store("something else")
	want := &metav1.ObjectMeta{Name: "shop", Labels: object.Labels, Annotations: object.Annotations}
	if diff := cmp.Diff(want, n.Namespace("shop")); diff != "" {
		t.Error(diff)
	}
	if n.Namespace("unknown") != nil {
		t.Error("something is known of an unknown namespace")
	}
	n.remove(toolscache.DeletedFinalStateUnknown{Key: "shop", Obj: object})
	if n.Namespace("shop") != nil {
		t.Error("a deleted namespace is still known")
	}
}
