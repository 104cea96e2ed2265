package audit

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// Report is what was found, by workload.
type Report struct {
	// Pods is how many were looked at, Sidecars how many of them have one.
	Pods     int `json:"pods"`
	Sidecars int `json:"sidecars"`
	// Findings are sorted: what to do first comes first.
	Findings []Group `json:"findings"`
}

// Group is the pods of one workload with the same finding.
type Group struct {
	Workload
	Finding Kind `json:"finding"`
	// Detail is that of one of the pods.
	Detail string `json:"detail"`
	// Pods counts them, and Examples names the first few.
	Pods     int      `json:"pods"`
	Examples []string `json:"examples"`
	// Remedy says what to do.
	Remedy string `json:"remedy"`
}

// maxExamples bounds what is kept of each group, so that memory does not grow with the pods.
const maxExamples = 3

// Collector makes a Report of findings. It may be used concurrently; the zero value is ready.
type Collector struct {
	mu             sync.Mutex
	pods, sidecars int
	groups         map[groupKey]*Group
}

type groupKey struct {
	workload Workload
	kind     Kind
}

// Add notes a pod that was looked at, and its finding, which may be nil.
func (c *Collector) Add(pod *corev1.Pod, injected bool, finding *Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods++
	if injected {
		c.sidecars++
	}
	if finding == nil {
		return
	}
	if c.groups == nil {
		c.groups = map[groupKey]*Group{}
	}
	key := groupKey{WorkloadOf(pod), finding.Kind}
	group := c.groups[key]
	if group == nil {
		group = &Group{Workload: key.workload, Finding: finding.Kind, Detail: finding.Detail, Remedy: remedy(key.workload, finding.Kind)}
		c.groups[key] = group
	}
	group.Pods++
	if len(group.Examples) < maxExamples {
		group.Examples = append(group.Examples, pod.Name)
	}
}

// Report returns what was noted.
func (c *Collector) Report() *Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	report := &Report{Pods: c.pods, Sidecars: c.sidecars, Findings: []Group{}}
	for _, group := range slices.SortedFunc(maps.Values(c.groups), func(a, b *Group) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Finding), slices.Index(kinds, b.Finding)),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Workload.Kind, b.Workload.Kind), cmp.Compare(a.Name, b.Name))
	}) {
		slices.Sort(group.Examples)
		report.Findings = append(report.Findings, *group)
	}
	return report
}

// remedy says what to do about a finding, in few words.
func remedy(w Workload, kind Kind) string {
	switch {
	case kind == Failed:
		return "correct what its detail names"
	case kind == NotReady:
		return "see its log and events"
	case w.restartable():
		return "restart it"
	case w.Kind == "Pod":
		return "create it anew"
	case w.Kind == "Job":
		return "run it anew"
	}
	return "delete its pods"
}

// Restartable returns the workloads that new pods help and that can be restarted, each once and in the report's order, and
// what is found of the others that new pods help: of kinds that are not restarted, or whose new pods would fail today.
func (r *Report) Restartable() (restart []Workload, others []Group) {
	fails := map[Workload]*Group{}
	for i := range r.Findings {
		if r.Findings[i].Finding == Failed {
			fails[r.Findings[i].Workload] = &r.Findings[i]
		}
	}
	seen := map[Workload]bool{}
	for _, group := range r.Findings {
		if !group.Finding.restarts() || seen[group.Workload] {
			continue
		}
		seen[group.Workload] = true
		switch failed := fails[group.Workload]; {
		case failed != nil:
			others = append(others, *failed)
		case group.restartable():
			restart = append(restart, group.Workload)
		default:
			others = append(others, group)
		}
	}
	return restart, others
}
