package main

import "time"

// goal is a line of the table: a result, and what is wanted of it.
type goal struct {
	line   string
	result string
	kind   kind
	bound  float64 // 0: the line is only shown
}

// goals are the lines of the table, in its order. The comments say what was measured when the goals were set, and why it
// was so far from them: values were escaped into text, and each pod's text was parsed and merged anew.
var goals = []goal{
	// 3 × and 1.4 ×: a replica's text is rendered and escaped before it is found among those that are parsed already. The
	// floor itself is 19 to 31 × and 5 ×: with large managedFields, decoding has to be cheaper than the floor's.
	{"replicas, small pods", "replicas, small", timesIstios, 20},
	{"replicas, realistic pods", "replicas, realistic", timesIstios, 15},
	// 1.7 × and 1.2 ×: all of the text is parsed, checked and merged.
	{"every pod of another workload, small", "other workloads, small", timesIstios, 5},
	{"every pod of another workload, realistic", "other workloads, realistic", timesIstios, 5},
	// 11 ×, for the same reasons.
	{"profile envoy, example pod", "replicas, example", timesFloor, 3},
	{"profile envoy, another workload each", "other workloads, example", timesFloor, 0},
	// 6,000: the text, its escaping, the merged copy, the ownership of each field, the patch's encoding.
	{"allocations above the floor, replica, small", "replicas, small", allocationsAbove, 450},
	{"allocations above the floor, replica, realistic", "replicas, realistic", allocationsAbove, 0},
	{"allocations above the floor, replica, envoy", "replicas, example", allocationsAbove, 450},
	// 1.05 ×: a decision costs next to nothing.
	{"a skipped pod", "skipped", timesFloor, 1.5},
	// Up to 4 ×: the whole pod is copied, merged and compared. Four times as much has the same bound: it is linear.
	{"2,000 variables", "2,000 variables", timesFloor, 1.3},
	{"8,000 variables", "8,000 variables", timesFloor, 1.3},
	{"2,000 variables, Istio's templates", "2,000 variables, Istio's", timesFloor, 1.3},
	{"50 containers", "50 containers", timesFloor, 1.3},
	{"200 containers", "200 containers", timesFloor, 1.3},
	{"50 containers, Istio's templates", "50 containers, Istio's", timesFloor, 1.3},
	{"256 KiB", "256 KiB", timesFloor, 1.3},
	{"1 MiB", "1 MiB", timesFloor, 1.3},
	{"1 MiB, Istio's templates", "1 MiB, Istio's", timesFloor, 1.3},
	// Seconds, and up to 1 GiB: moves, port lists and paths are computed at the square of the pod. The bytes are all that
	// one admission allocates, which bounds what it holds at once.
	{"worst, 3,000 containers between overrides", "worst, overrides", milliseconds, 50},
	{"  bytes allocated", "worst, overrides", mebibytes, 50},
	{"worst, 40,000 ports in annotations", "worst, ports", milliseconds, 50},
	{"  bytes allocated", "worst, ports", mebibytes, 50},
	{"worst, 9,980 lists in each other", "worst, nested", milliseconds, 50},
	{"  bytes allocated", "worst, nested", mebibytes, 50},
	// 1.7 ×, and a p99 far above the median: nothing says who is served first.
	{"HTTPS, 64 clients: admissions a second", "HTTPS", admissionsASecond, 3},
	{"  p50", "HTTPS, p50", timesIstios, 0},
	{"  p99", "HTTPS, p99", timesIstios, 3},
	// 1.4 to 1.9 ×.
	{"preview of 1,000 documents as YAML", "documents, yaml", timesIstios, 3},
	{"preview of 1,000 documents as a diff", "documents, diff", timesIstios, 3},
	{"preview of 1,000 documents, built-in profile", "documents, built-in", timesIstios, 0},
	{"preview of 1,000 documents, resident memory", "memory, preview", mebibytes, 0},
	// 10 and 83 MiB: everything that is asked at once is worked on at once, and each admission allocates 0.5 MiB.
	{"serve, resident anonymous memory, idle", "memory, idle", mebibytes, 16},
	{"serve, resident anonymous memory, under load", "memory, load", mebibytes, 40},
	// Kills, after some seconds.
	{"the worst pods without end: anonymous memory", "hostile, memory", mebibytes, 256},
	{"  ordinary pods meanwhile, p50", "hostile, p50", milliseconds, 0},
	{"  p99", "hostile, p99", milliseconds, 100},
}

// kind is how a result is judged, and how its numbers are shown.
type kind struct {
	// value is what the goal is about.
	value func(measured) float64
	// atLeast says that more is better.
	atLeast bool
	unit    string
	// cell shows the number of one of those that take part.
	cell func(sample) string
}

var (
	timesIstios       = kind{value: func(m measured) float64 { return ratio(m[nameIstios].time, m[nameOurs].time) }, atLeast: true, unit: "× Istio", cell: inMicroseconds}
	timesFloor        = kind{value: func(m measured) float64 { return ratio(m[nameOurs].time, m[nameFloor].time) }, unit: "× floor", cell: inMicroseconds}
	admissionsASecond = kind{value: timesIstios.value, atLeast: true, unit: "× Istio", cell: aSecond}
	milliseconds      = kind{value: func(m measured) float64 { return m[nameOurs].time.Seconds() * 1000 }, unit: "ms", cell: inMicroseconds}
	mebibytes         = kind{value: func(m measured) float64 { return m[nameOurs].bytes / (1 << 20) }, unit: "MiB", cell: nothing}
	allocationsAbove  = kind{value: func(m measured) float64 { return m[nameOurs].allocations - m[nameFloor].allocations }, cell: inAllocations}
)

func ratio(of, to time.Duration) float64 { return float64(of) / float64(max(to, 1)) }

// missed says that the value is not what the goal wants.
func (g goal) missed(value float64) bool {
	switch {
	case g.bound == 0:
		return false
	case g.kind.atLeast:
		return value < g.bound
	default:
		return value > g.bound
	}
}
