//go:build linux

package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// groupVariable tells the process inside the name of its control group.
const groupVariable = "SIDECAR_INJECTOR_NODE"

// Address is the node's, on its loopback interface; address6 is there beside it.
const (
	Address  = "192.168.64.1"
	address6 = "fd00:192:168:64::1"
)

// serviceRange and serviceRange6 are those of Services' addresses, the first one the
// API server's default in package envtest.
const (
	serviceRange  = "10.0.0.0/24"
	serviceRange6 = "fd00:10::/112"
)

// Missing returns what a node needs and is not there, in words, or nothing.
func Missing() string {
	if os.Getuid() != 0 {
		return "a node needs root"
	}
	if _, err := os.Stat(ipv6Switch); err != nil {
		return "a node needs a kernel with IPv6"
	}
	for program, of := range map[string]string{"runc": "runc", "nft": "nftables", "ldd": "libc-bin"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("a node needs the program %s; install the package %s", program, of)
		}
	}
	return ""
}

// ipv6Switch turns IPv6 off, where it is 1.
const ipv6Switch = "/proc/sys/net/ipv6/conf/all/disable_ipv6"

// Inside says whether this process is the one that Enter started.
func Inside() bool { return os.Getenv(groupVariable) != "" }

// Enter runs this program again, with the same arguments, in namespaces of its own,
// and returns its exit code when it has ended. Signals are passed on. There, where
// Inside is true, Setup comes first.
func Enter() (code int, err error) {
	removeStaleGroups()
	group := fmt.Sprintf("%s%d", groupPrefix, os.Getpid())
	if err := makeGroups(group); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, removeGroups(group)) }()

	// The parent of the process is this thread, with which it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), groupVariable+"="+group)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("enter new namespaces: %w", err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // it may just have ended
			case <-done:
				return
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return cmd.ProcessState.ExitCode(), err
}

// Setup makes the namespaces that Enter has put this process in fit for a node:
// mounts that nobody else sees, empty folders for what the node keeps, and the
// network. It returns this process's number outside, by which nsenter finds it.
func Setup() (outside int, err error) {
	// This is /proc of outside still.
	self, err := os.Readlink("/proc/self")
	if err != nil {
		return 0, err
	}
	if outside, err = strconv.Atoi(self); err != nil {
		return 0, err
	}
	if err := setupMounts(); err != nil {
		return 0, err
	}
	return outside, setupNetwork()
}

func setupMounts() error {
	// Nothing goes out, and what a pod mounts is seen by the kubelet.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts with pods: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, folder := range []string{"/run", "/var/lib", "/var/log"} {
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mount %s: %w", folder, err)
		}
	}
	return nil
}

// setupNetwork has the loopback interface carry the node's addresses.
func setupNetwork() error {
	for file, value := range map[string]string{
		ipv6Switch:                               "0",
		"/proc/sys/net/ipv4/ip_forward":          "1",
		"/proc/sys/net/ipv6/conf/all/forwarding": "1",
	} {
		if err := os.WriteFile(file, []byte(value), 0o644); err != nil {
			return err
		}
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find the loopback interface: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("set the loopback interface up: %w", err)
	}
	for own, of := range map[string]string{Address + "/32": serviceRange, address6 + "/128": serviceRange6} {
		address, err := netlink.ParseAddr(own)
		if err != nil {
			return err
		}
		address.Flags = unix.IFA_F_NODAD // it is used at once
		if err := netlink.AddrAdd(loopback, address); err != nil {
			return fmt.Errorf("add the node's address %s: %w", own, err)
		}
		// An address of a Service has to have some route before kube-proxy's rules replace it.
		_, services, err := net.ParseCIDR(of)
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: loopback.Attrs().Index, Dst: services, Src: address.IP}); err != nil {
			return fmt.Errorf("add a route to Services in %s: %w", of, err)
		}
	}
	return nil
}
