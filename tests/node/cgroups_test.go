//go:build linux

package node

import (
	"os"
	"path/filepath"
	"testing"
)

// TestControllers passes down all controllers that the kubelet looks for, of those that a machine has: it refuses to start
// where one is missing.
func TestControllers(t *testing.T) {
	for available, want := range map[string]string{
		"cpuset cpu io memory hugetlb pids rdma misc\n": "+cpuset +cpu +memory +hugetlb +pids",
		"cpu memory\n": "+cpu +memory",
	} {
		group := t.TempDir()
		if err := os.WriteFile(filepath.Join(group, "cgroup.controllers"), []byte(available), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := passDown(group); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(group, "cgroup.subtree_control"))
		if err != nil || string(got) != want {
			t.Errorf("of the controllers %q %q are passed down (%v), want %q", available, got, err, want)
		}
	}
}
