package templates

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Redirect says of a profile how the proxy's own traffic is told from that of the application: by the user and the group
// that arguments of an injected init container name.
type Redirect struct {
	// Containers are the names of the init container; a pod has one of them, or its traffic is not captured.
	Containers []string `json:"containers,omitempty"`
	// Proxy is the container whose traffic is left alone.
	Proxy string `json:"proxy,omitempty"`
	// UserArgument and GroupArgument come before the numbers, as --proxy-uid=1337 or as two arguments. Without the second
	// the groups have the numbers of the users.
	UserArgument  string `json:"userArgument,omitempty"`
	GroupArgument string `json:"groupArgument,omitempty"`
	// Files is the path where the init container leaves what the proxy starts with, by its arguments; empty if nowhere.
	Files string `json:"files,omitempty"`
	// ModeAnnotation is the annotation by which a pod asks for another way of redirection, one of Modes.
	ModeAnnotation string   `json:"modeAnnotation,omitempty"`
	Modes          []string `json:"modes,omitempty"`
}

// warnProxyUsers warns of an application container whose traffic is not captured because it runs as the proxy's user or
// group, and of a proxy whose traffic is captured because it runs as neither. Init containers that end are left out: they
// run as the proxy's user on purpose, to reach the network without it.
func warnProxyUsers(s *subject) []string {
	users, groups, captured := s.proxyIDs()
	if !captured {
		return nil
	}
	var warnings []string
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			user, ofUser := s.effective(container, "runAsUser")
			group, ofGroup := s.effective(container, "runAsGroup")
			asUser, asGroup := ofUser && slices.Contains(users, user), ofGroup && slices.Contains(groups, group)
			name := nameOf(container)
			switch {
			case name == s.profile.Redirect.Proxy:
				if ofUser && ofGroup && !asUser && !asGroup {
					warnings = append(warnings, fmt.Sprintf("the container %q runs as user %d and group %d, and neither is left alone (%s): its own traffic comes back to it", name, user, group, idList(users, groups)))
				}
			case s.injects(list, name) || list == InitContainers && !isNative(container):
			case asUser:
				warnings = append(warnings, fmt.Sprintf("the container %q has runAsUser %d, which is the proxy's user: its outbound traffic goes past the proxy; take another user", name, user))
			case asGroup:
				warnings = append(warnings, fmt.Sprintf("the container %q has runAsGroup %d, which is the proxy's group: its outbound traffic goes past the proxy; take another group", name, group))
			}
		}
	}
	return warnings
}

// effective returns a user or group that a container runs as, by its own security context or by the pod's; ok is false if
// neither says, and it is the image's.
func (s *subject) effective(container map[string]any, field string) (id int64, ok bool) {
	if id, ok = valueAt(container, "securityContext."+field).(int64); ok {
		return id, true
	}
	id, ok = valueAt(s.after, "spec.securityContext."+field).(int64)
	return id, ok
}

// proxyIDs returns the users and groups whose traffic is left alone; captured is false if no traffic is captured.
func (s *subject) proxyIDs() (users, groups []int64, captured bool) {
	redirect := s.profile.Redirect
	for _, container := range s.after.In(InitContainers) {
		if name := nameOf(container); !slices.Contains(redirect.Containers, name) || s.lists[name] == "" {
			continue
		}
		users, captured = idsIn(container, redirect.UserArgument)
		var ofGroups bool
		if groups, ofGroups = idsIn(container, redirect.GroupArgument); !ofGroups {
			groups = users
		}
		return users, groups, captured
	}
	return nil, nil, false
}

// idsIn returns the numbers of an argument of a container; ok is false if it has no such argument.
func idsIn(container map[string]any, argument string) (ids []int64, ok bool) {
	args, _ := container["args"].([]any)
	for i, arg := range args {
		text, _ := arg.(string)
		value, found := strings.CutPrefix(text, argument+"=")
		if text == argument && i+1 < len(args) {
			value, found = args[i+1].(string)
		}
		if !found || argument == "" {
			continue
		}
		ids, ok = nil, true
		for one := range strings.SplitSeq(value, ",") {
			if id, err := strconv.ParseInt(strings.TrimSpace(one), 10, 64); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids, ok
}

func idList(users, groups []int64) string { return fmt.Sprintf("users %v, groups %v", users, groups) }

// warnRootless warns of an injected container that cannot start: it must not run as root, and is to run as root.
func warnRootless(s *subject) []string {
	var warnings []string
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			if !s.injects(list, nameOf(container)) || valueAt(container, "securityContext.runAsNonRoot") != true {
				continue
			}
			if user, ok := s.effective(container, "runAsUser"); ok && user == 0 {
				warnings = append(warnings, fmt.Sprintf("the container %q has runAsUser 0 and runAsNonRoot true: the kubelet does not start it; set runAsNonRoot to false, or take another user", nameOf(container)))
			}
		}
	}
	return warnings
}
