//go:build linux

package envoy

import (
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// confine takes from the thread what the security context of the pod's proxy takes from its process: every file system is
// read-only, there are no capabilities but those that are added, and no new privileges. What the thread starts keeps it.
// With noIPv6 the kernel has no IPv6 for it either, as on a node whose kernel is built without.
func confine(pod templates.Pod, noIPv6 bool) error {
	proxy, _ := pod.Find("sidecar-proxy")
	added, _ := proxy["securityContext"].(map[string]any)["capabilities"].(map[string]any)["add"].([]any)
	for capability := range uintptr(unix.CAP_LAST_CAP + 1) {
		if capability == unix.CAP_NET_ADMIN && slices.Contains(added, any("NET_ADMIN")) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("allow no new privileges: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make a mount namespace: %w", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep the mounts from others: %w", err)
	}
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, readOnly); err != nil {
		return fmt.Errorf("make the file systems read-only: %w", err)
	}
	if file, err := os.CreateTemp("", "*"); err == nil {
		_ = file.Close()
		return fmt.Errorf("%q can be written although the file systems are read-only", file.Name())
	}
	if noIPv6 {
		return refuseIPv6()
	}
	return nil
}

// refuseIPv6 lets the thread, and what it starts, have no socket of IPv6.
func refuseIPv6() error {
	const number, firstArgument = 0, 16 // in struct seccomp_data
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	unlessEqual := func(value uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: skip, K: value}
	}
	program := []unix.SockFilter{
		load(number), unlessEqual(unix.SYS_SOCKET, 3),
		load(firstArgument), unlessEqual(unix.AF_INET6, 1),
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
	}
	filter := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(filter)), 0, 0)
	if err != nil {
		return fmt.Errorf("refuse sockets of IPv6: %w", err)
	}
	return nil
}
