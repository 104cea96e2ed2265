//go:build linux

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The kubelet keeps its pods' control groups below one of ours, named for the
// process that made it, in each hierarchy.
const (
	groupRoot   = "/sys/fs/cgroup"
	groupPrefix = "sidecar-injector-node-"
)

// hierarchies are the folders that a control group is made in: all of version 1,
// or the one of version 2.
func hierarchies() ([]string, error) {
	var kind unix.Statfs_t
	if err := unix.Statfs(groupRoot, &kind); err != nil {
		return nil, fmt.Errorf("look at control groups: %w", err)
	}
	if kind.Type == unix.CGROUP2_SUPER_MAGIC {
		return []string{groupRoot}, nil
	}
	entries, err := os.ReadDir(groupRoot)
	if err != nil {
		return nil, fmt.Errorf("look at control groups: %w", err)
	}
	var found []string
	for _, entry := range entries {
		// Links are other names of hierarchies.
		if entry.IsDir() {
			found = append(found, filepath.Join(groupRoot, entry.Name()))
		}
	}
	return found, nil
}

// makeGroups makes the group in each hierarchy.
func makeGroups(name string) error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range found {
		if hierarchy == groupRoot {
			if err := passDown(groupRoot); err != nil {
				return err
			}
		}
		group := filepath.Join(hierarchy, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			return fmt.Errorf("make control group: %w", err)
		}
		// A new cpuset of version 1 has no CPU and no memory node.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(hierarchy, file))
			if err != nil {
				continue // another controller
			}
			if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
				return fmt.Errorf("set %s of control group %q: %w", file, name, err)
			}
		}
	}
	return nil
}

// passDown has a group of version 2 pass down to those below it the controllers that the kubelet wants to see there: all
// that it knows of those that there are.
func passDown(group string) error {
	available, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("look at control groups: %w", err)
	}
	var wanted []string
	for controller := range strings.FieldsSeq(string(available)) {
		switch controller {
		case "cpu", "cpuset", "hugetlb", "memory", "pids":
			wanted = append(wanted, "+"+controller)
		}
	}
	if err := os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte(strings.Join(wanted, " ")), 0o644); err != nil {
		return fmt.Errorf("pass controllers down to control groups: %w", err)
	}
	return nil
}

// killGroup kills every process in the group and below it. One hierarchy has them
// all.
func killGroup(name string) error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(found[0], name), func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(file) != "cgroup.procs" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for id := range strings.FieldsSeq(string(text)) {
			process, err := strconv.Atoi(id)
			if err != nil || process == 0 { // 0 is one that this namespace does not see
				continue
			}
			if err := unix.Kill(process, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("kill process %d of the pods: %w", process, err)
			}
		}
		return nil
	})
}

// removeGroups removes the group and all below it in each hierarchy. What was in it
// may just be ending.
func removeGroups(name string) error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	for range 100 {
		err = nil
		for _, hierarchy := range found {
			err = errors.Join(err, removeTree(filepath.Join(hierarchy, name)))
		}
		if err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("remove control group %q: %w", name, err)
}

// removeTree removes the folders of a control group, the lowest first. Their files
// are the kernel's.
func removeTree(group string) error {
	entries, err := os.ReadDir(group)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(group, entry.Name())))
		}
	}
	return errors.Join(err, os.Remove(group))
}

// removeStaleGroups removes groups whose process was killed before it could.
func removeStaleGroups() {
	found, err := hierarchies()
	if err != nil {
		return // makeGroups says so
	}
	for _, hierarchy := range found {
		groups, _ := filepath.Glob(filepath.Join(hierarchy, groupPrefix+"*"))
		for _, group := range groups {
			id, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(group), groupPrefix))
			if err == nil && errors.Is(unix.Kill(id, 0), unix.ESRCH) {
				_ = removeTree(group) // a group with processes in it stays
			}
		}
	}
}
