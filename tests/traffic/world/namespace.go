//go:build linux

package world

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Namespace is a network namespace that ends with the test. NewNamespace makes it.
type Namespace struct {
	Name   string
	Handle netns.NsHandle
}

// Owner is the user and group that a socket belongs to.
type Owner struct{ UID, GID int }

// Users of a pod's processes, with the numbers that the proxy has by default.
var (
	Root        = Owner{0, 0}
	Application = Owner{1000, 1000}
	ProxyOwner  = Owner{1337, 1337}
	ProxyGroup  = Owner{0, 1337}
	OtherUser   = Owner{2000, 2000}
)

// NewNamespace returns a new network namespace; without one the test ends.
func NewNamespace(t *testing.T, name string) *Namespace {
	t.Helper()
	result := &Namespace{Name: name}
	err := OnThread(func() (err error) {
		result.Handle, err = netns.New()
		return err
	})
	if err != nil {
		t.Fatalf("make network namespace %q: %v", name, err)
	}
	t.Cleanup(func() { _ = result.Handle.Close() })
	return result
}

// Do runs f in the namespace. Sockets that f opens, and processes that it starts, are in the namespace; the sockets
// belong to who. It returns the error of f.
func (n *Namespace) Do(who Owner, f func() error) error {
	return OnThread(func() error {
		if err := netns.Set(n.Handle); err != nil {
			return fmt.Errorf("enter network namespace %q: %w", n.Name, err)
		}
		// The kernel takes the file system user of the thread for a socket's owner. It stays root for all else, which
		// transparent sockets need.
		if _, err := unix.SetfsgidRetGid(who.GID); err != nil {
			return err
		}
		if _, err := unix.SetfsuidRetUid(who.UID); err != nil {
			return err
		}
		// Both calls say nothing when they fail; with an impossible number they return what there is (setfsuid(2)).
		uid, _ := unix.SetfsuidRetUid(-1)
		gid, _ := unix.SetfsgidRetGid(-1)
		if now := (Owner{uid, gid}); now != who {
			return fmt.Errorf("become %v: the thread is still %v", who, now)
		}
		return f()
	})
}

// OnThread runs f on a thread of its own, which ends with it, and returns its error: nothing else ever runs with
// what f changes.
func OnThread(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		result <- f()
	}()
	return <-result
}
