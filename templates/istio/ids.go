package istio

import (
	"fmt"
	"strconv"
	"strings"
)

// OpenShift's annotations of a namespace: the ids that its pods may use, in the form start/size or start-end.
const (
	annotationUIDRange = "openshift.io/sa.scc.uid-range"
	annotationGroups   = "openshift.io/sa.scc.supplemental-groups"
)

// proxyIDs returns user and group of the proxy: the last ones of the namespace's ranges, so that they are hardly the
// application's, which OpenShift gives the first. The ranges of groups default to those of users.
func proxyIDs(namespace map[string]string) (user, group int64) {
	user, group = defaultProxyID, defaultProxyID
	users := namespace[annotationUIDRange]
	if last, err := lastOf(users); err == nil {
		user = last
	}
	groups, ok := namespace[annotationGroups]
	if !ok {
		groups = users
	}
	first, others, _ := strings.Cut(groups, ",")
	for other := range strings.SplitSeq(others, ",") {
		if _, err := lastOf(other); others != "" && err != nil {
			return user, group
		}
	}
	if last, err := lastOf(first); err == nil {
		group = last
	}
	return user, group
}

// lastOf returns the last id of a range.
func lastOf(ids string) (int64, error) {
	if start, size, ok := strings.Cut(ids, "/"); ok {
		first, err := strconv.ParseUint(start, 10, 32)
		if err != nil {
			return 0, err
		}
		count, err := strconv.ParseUint(size, 10, 32)
		return int64(uint32(first + count - 1)), err
	}
	start, end, ok := strings.Cut(ids, "-")
	if _, err := strconv.ParseUint(start, 10, 32); !ok || err != nil {
		return 0, fmt.Errorf("%q is not a range of ids", ids)
	}
	last, err := strconv.ParseUint(end, 10, 32)
	return int64(last), err
}
