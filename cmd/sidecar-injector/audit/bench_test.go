package audit

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BenchmarkAudit looks at 10,000 pods in pages of 500, half of them injected: of 1,000 workloads, and each another one. Beside
// the time it prints the largest heap of a page's end, without what was there before.
func BenchmarkAudit(b *testing.B) {
	for name, alike := range map[string]int{"of 1000 workloads": 10, "all different": 1} {
		b.Run(name, func(b *testing.B) {
			base := newAuditor(b, "", "shop")
			var pages [][]byte
			for page := range slices.Chunk(slices.Collect(manyPods(b, base, alike)), 500) {
				text, err := (&corev1.PodList{Items: page}).Marshal()
				if err != nil {
					b.Fatal(err)
				}
				pages = append(pages, text)
			}
			before, peak := heapMiB(true), 0.0
			for b.Loop() {
				auditor := newAuditor(b, "", "shop")
				var collector Collector
				for _, text := range pages {
					var page corev1.PodList
					if err := page.Unmarshal(text); err != nil {
						b.Fatal(err)
					}
					if err := auditor.Collect(b.Context(), page.Items, &collector); err != nil {
						b.Fatal(err)
					}
					peak = max(peak, heapMiB(false)-before)
				}
				if report := collector.Report(); len(report.Findings) != 10000/alike/2 {
					b.Fatalf("%d findings, want %d", len(report.Findings), 10000/alike/2)
				}
			}
			b.ReportMetric(peak, "peak-MiB")
		})
	}
}

// manyPods are 10,000 pods, so many of each workload; of every second workload they are injected.
func manyPods(b *testing.B, auditor *Auditor, alike int) func(func(corev1.Pod) bool) {
	return func(yield func(corev1.Pod) bool) {
		for i := range 10000 {
			name := fmt.Sprintf("web-%d", i/alike)
			pod := livePod(i, func(pod *corev1.Pod) { pod.Labels["app"], pod.OwnerReferences[0].Name = name, name+"-5c9f" })
			if i/alike%2 == 0 {
				pod = injectedBy(b, auditor.options.Config.Engine(), pod)
			}
			// As a network plug-in notes a pod's address.
			annotate("cni.example.com/podIP", fmt.Sprintf("10.0.%d.%d", i/256, i%256))(pod)
			pod.ManagedFields = append(pod.ManagedFields, metav1.ManagedFieldsEntry{Manager: "cni", Subresource: "status",
				FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:cni.example.com/podIP":{}}}}`)})
			if !yield(*pod) {
				return
			}
		}
	}
}

// heapMiB is the heap in use, garbage not yet collected included unless it is to be.
func heapMiB(collect bool) float64 {
	if collect {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapInuse) / (1 << 20)
}
