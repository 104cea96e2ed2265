package conformance

import (
	"slices"
	"testing"
)

// proxySettings are values of the annotation proxy.istio.io/config in which people, and Istio's decoder, take more for a
// value than protobuf's JSON does.
func proxySettings() []string {
	var all []string
	for _, duration := range []string{
		"1m", "90s", "45s", "1h", "1m30s", "1.5m", "60000ms", "1h1m", "0s", "0", "1d", "soon", "''", "-5s", "+5s", "' 5s'", ".5s", "1s1s",
		"60", "1.5", "true", "null", "[]", "{}", "{seconds: 5}", "5S", "1µs", "9223372037s", "315576000001s",
	} {
		all = append(all, "drainDuration: "+duration, "terminationDrainDuration: "+duration)
	}
	return append(all,
		"{terminationDrainDuration: 30s, drainDuration: 1m}", "proxyMetadata: {DRAIN: 1m}", "concurrency: 2", "concurrency: '2'", "concurrency: 2.0",
		"concurrency: 2.5", "concurrency: -1", "concurrency: null", "concurrency: 99999999999", "holdApplicationUntilProxyStarts: 'true'",
		"holdApplicationUntilProxyStarts: yes", "holdApplicationUntilProxyStarts: 1", "interceptionMode: tproxy", "interceptionMode: 1",
		"interceptionMode: 7", "interceptionMode: '1'", "statusPort: '15021'", "statusPort: 15021.0", "statusPort: 1e4", "configPath: 1", "configPath: null",
		"proxyMetadata: {A: 1}", "proxyMetadata: {A: true}", "proxyMetadata: {A: null}", "proxyMetadata: []", "proxyMetadata: null", "tracing: null", "tracing: []",
		"tracing: {sampling: '12.5'}", "tracing: {sampling: x}", "tracing: {sampling: NaN}", "tracing: {zipkin: {address: 'a:1'}, datadog: {address: 'b:2'}}",
		"drain_duration: 1m", "{drain_duration: 1m, drainDuration: 5s}", "{unknown: {drainDuration: x}, drainDuration: 1m}", "image: {imageType: 1}",
		"proxyStatsMatcher: {inclusionPrefixes: [1]}", "proxyStatsMatcher: {inclusionPrefixes: [null]}", "proxyStatsMatcher: {inclusionPrefixes: a}",
		"", "null", "[]", "text", "1", "{", "drainDuration: 1m\n---\ndrainDuration: 5s", "drainDuration: 1m\ndrainDuration: 5s",
		"gatewayTopology: {numTrustedProxies: '1'}", "gatewayTopology: {numTrustedProxies: -1}", "envoyAccessLogService: {address: 'a:1', tcpKeepalive: {time: 1m}}",
		"envoyAccessLogService: {address: 'a:1', tcpKeepalive: {time: soon}}", "readinessProbe: {periodSeconds: 5}", "readinessProbe: {periodSeconds: x}",
		"runtimeValues: {a: b}", "privateKeyProvider: {cryptomb: {pollDelay: 10ms}}", "privateKeyProvider: {cryptomb: {pollDelay: 1m}}",
		"privateKeyProvider: {qat: {pollDelay: 1.5m}}",
	)
}

// TestProxySettings: what Istio makes of a pod's settings for its proxy, ours makes too, and refuses what Istio refuses.
func TestProxySettings(t *testing.T) {
	c, err := sideConfigurations()[0].configuration()
	if err != nil {
		t.Fatal(err)
	}
	istios, err := newIstios(c, stopOf(t))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := newOurs(c)
	if err != nil {
		t.Fatal(err)
	}
	table := newTable("proxy settings", "value", "both")
	for _, value := range slices.Compact(proxySettings()) {
		sent, err := newSubmission(map[string]any{"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": "web", "labels": map[string]any{"app": "web", "sidecar.istio.io/inject": "true"},
				"annotations": map[string]any{"proxy.istio.io/config": value}},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web:1"}}}}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := istios.admit(sent)
		if err != nil {
			t.Fatal(err)
		}
		own, err := ours.admit(sent)
		if err != nil {
			t.Fatal(err)
		}
		table.row(outcomesDiffer(theirs, own), value, own.String())
	}
	table.finish(t)
}
