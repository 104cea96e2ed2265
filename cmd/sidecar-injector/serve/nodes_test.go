package serve

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
)

func nodeOf(kubelet string) *corev1.Node {
	return &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{KubeletVersion: kubelet}}}
}

func TestNodesThatRunNativeSidecars(t *testing.T) {
	told := 0
	n := &nodes{changed: func() { told++ }}
	steps := []struct {
		what          string
		before, after any
		native        bool
		told          int
	}{
		{"a new node", nil, nodeOf("v1.33.0"), true, 0},
		{"a newer one with a suffix", nil, nodeOf("v1.34.1-gke.100+build"), true, 0},
		{"an old one", nil, nodeOf("v1.32.9"), false, 1},
		{"its heartbeat", nodeOf("v1.32.9"), nodeOf("v1.32.9"), false, 1},
		{"one that says nothing yet", nil, nodeOf(""), false, 2},
		{"it says what it runs", nodeOf(""), nodeOf("v1.35.0"), false, 3},
		{"the old one goes, unseen", toolscache.DeletedFinalStateUnknown{Obj: nodeOf("v1.32.9")}, nil, true, 4},
		{"an old one comes back", nil, nodeOf("v1.9.0"), false, 5},
		{"and is upgraded", nodeOf("v1.9.0"), nodeOf("v1.33.0"), true, 6},
	}
	for _, step := range steps {
		n.count(step.before, step.after)
		if n.native() != step.native || told != step.told {
			t.Errorf("%s: native %v, told %d times; want %v, %d", step.what, n.native(), told, step.native, step.told)
		}
	}
}

func TestOnlyVersionOfANodeIsKept(t *testing.T) {
	node := nodeOf("v1.33.0")
	node.Name, node.Labels, node.Spec.PodCIDR = "a", map[string]string{"zone": "1"}, "10.0.0.0/24"
	kept, err := onlyVersion(node)
	if err != nil {
		t.Fatal(err)
	}
	small := kept.(*corev1.Node)
	if small.Name != "a" || small.Status.NodeInfo.KubeletVersion != "v1.33.0" || small.Labels != nil || small.Spec.PodCIDR != "" {
		t.Errorf("kept %+v", small)
	}
	if isOlder(small) {
		t.Error("its version is lost")
	}
}
