package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
)

// What is timed is the same work: where Istio's webhook takes part, both make the same pod.
func TestBothMakeTheSamePod(t *testing.T) {
	p := mustParts(t)
	for name, row := range p.admissions() {
		if row.istios == nil || row.wants != injected {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, number := range []int{1, 2} {
				body := row.reviews(number)
				want, got := mustInject(t, *row.istios, body), mustInject(t, row.ours, body)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("pod %d (-Istio +ours):\n%s", number, diff)
				}
			}
		})
	}
}

// mustInject returns the pod that a webhook makes, without the annotations by which each knows its own work.
func mustInject(t *testing.T, of injector, body []byte) *corev1.Pod {
	t.Helper()
	var answer bytes.Buffer
	if err := of.answer(body, &answer); err != nil {
		t.Fatal(err)
	}
	text, err := injected.check(answer.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply(review.Request.Object.Raw)
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(patched, pod); err != nil {
		t.Fatal(err)
	}
	delete(pod.Annotations, "sidecar.istio.io/status")
	delete(pod.Annotations, "sidecar-injector.github.io/status")
	delete(pod.Annotations, "sidecar-injector.github.io/istio-status")
	return pod
}

// Each row gets the answers that it is meant to measure, and the floor's patch is as long as ours.
func TestAnswers(t *testing.T) {
	p := mustParts(t)
	for name, row := range p.admissions() {
		if row.wants == anything {
			continue
		}
		t.Run(name, func(t *testing.T) {
			patch, err := row.patch()
			if err != nil {
				t.Fatal(err)
			}
			var answer bytes.Buffer
			if err := newFloor(patch).answer(row.reviews(1), &answer); err != nil {
				t.Fatal(err)
			}
			if got, err := row.wants.check(answer.Bytes()); err != nil || !bytes.Equal(got, patch) {
				t.Errorf("the floor's patch has %d bytes, want %d; error %v", len(got), len(patch), err)
			}
		})
	}
}

// Pods of one workload differ in what is generated alone, those of others in all that a workload names.
func TestReviews(t *testing.T) {
	for name, reviews := range map[string]func(int) []byte{"replicas": replicas(realistic), "others": others(realistic)} {
		one, two := string(reviews(1)), string(reviews(2))
		if one == two {
			t.Errorf("%s: two reviews are equal", name)
		}
		generated := strings.NewReplacer("kube-api-access-"+suffix(1), "", "kube-api-access-"+suffix(2), "",
			string(uid(1)), "", string(uid(2)), "", "00:00:01Z", "", "00:00:02Z", "")
		if got, want := generated.Replace(one) == generated.Replace(two), name == "replicas"; got != want {
			t.Errorf("%s: without what is generated they are equal: %t, want %t", name, got, want)
		}
	}
}

// Every goal is about a result that is measured, and every row of admissions is shown.
func TestGoals(t *testing.T) {
	known := map[string]bool{}
	for name := range new(parts).admissions() {
		known[name] = false
	}
	for _, name := range []string{"HTTPS", "HTTPS, p50", "HTTPS, p99", "documents, yaml", "documents, diff", "documents, built-in",
		"memory, idle", "memory, load", "memory, preview", "hostile, memory", "hostile, p50", "hostile, p99"} {
		known[name] = false
	}
	for _, g := range goals {
		if _, ok := known[g.result]; !ok {
			t.Errorf("goal %q: there is no result %q", g.line, g.result)
		}
		known[g.result] = true
	}
	for name, shown := range known {
		if !shown {
			t.Errorf("the result %q is not shown", name)
		}
	}
}

func TestTable(t *testing.T) {
	r := results{
		"replicas, small": {
			nameOurs: {time: 200 * time.Microsecond, allocations: 1100, bytes: 64 << 10}, nameFloor: {time: 100 * time.Microsecond, allocations: 700},
			nameIstios: {time: 5 * time.Millisecond, allocations: 9000}},
		"replicas, example": {nameOurs: {time: 400 * time.Microsecond, allocations: 1200, bytes: 64 << 10}, nameFloor: {time: 100 * time.Microsecond, allocations: 700}},
		"memory, idle":      {nameOurs: {bytes: 12.5 * (1 << 20)}},
	}
	var out strings.Builder
	missed := r.write(&out)
	want := `
measure                                       ours  Istio  floor         ratio   goal          allocations  KiB
replicas, small pods                           200  5,000    100  25.0 × Istio   ≥ 20                1,100   64
profile envoy, example pod                     400           100  4.00 × floor    ≤ 3  missed        1,200   64
allocations above the floor, replica, small  1,100  9,000    700           400  ≤ 450                1,100   64
allocations above the floor, replica, envoy  1,200           700           500  ≤ 450  missed        1,200   64
serve, resident anonymous memory, idle                                12.5 MiB   ≤ 16
`
	if diff := cmp.Diff(want, "\n"+out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"profile envoy, example pod", "allocations above the floor, replica, envoy"}, missed); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
}

func mustParts(t *testing.T) *parts {
	t.Helper()
	p, err := newParts("")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
