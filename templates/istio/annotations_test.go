package istio

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	meshconfig "istio.io/api/mesh/v1alpha1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

func TestCheckAnnotations(t *testing.T) {
	const traffic = "traffic.sidecar.istio.io/"
	tests := map[string]struct{ good, bad []string }{
		annotationInterceptionMode:                              {[]string{"REDIRECT", "TPROXY", "NONE"}, []string{"", "redirect"}},
		annotationStatusPort:                                    {[]string{"0", " 80 ", "65535"}, []string{"", "65536", "-1", "a"}},
		annotationMergeMetrics:                                  {[]string{"true", "0"}, []string{"", "yes"}},
		"readiness.status.sidecar.istio.io/periodSeconds":       {[]string{"0", "4294967295"}, []string{"", "4294967296", "1s", " 1"}},
		"readiness.status.sidecar.istio.io/failureThreshold":    {[]string{"1"}, []string{"-1"}},
		"readiness.status.sidecar.istio.io/initialDelaySeconds": {[]string{"1"}, []string{"1.5"}},
		traffic + "includeOutboundIPRanges":                     {[]string{"", "*", "10.0.0.0/8,fd00::/8"}, []string{"10.0.0.1", "10.0.0.0/8, 10.1.0.0/16"}},
		traffic + "excludeOutboundIPRanges":                     {[]string{"", "10.0.0.0/8"}, []string{"*"}},
		traffic + "includeInboundPorts":                         {[]string{"", "*", "80, 81"}, []string{"80,", "http"}},
		traffic + "excludeInboundPorts":                         {[]string{"", "80"}, []string{"*"}},
		traffic + "excludeOutboundPorts":                        {[]string{"", "80"}, []string{"*"}},
		traffic + "excludeInterfaces":                           {[]string{"", "eth0, net.1"}, []string{"0eth", "eth0,", strings.Repeat("a", 16)}},
		traffic + "kubevirtInterfaces":                          {[]string{"eth0"}, []string{"eth 0"}},
		"istio.io/reroute-virtual-interfaces":                   {[]string{"eth0"}, []string{"eth0;"}},
		"sidecar.istio.io/proxyCPU":                             {[]string{"1", "100m"}, []string{"", "1 cpu", "1\n"}},
		"sidecar.istio.io/proxyMemoryLimit":                     {[]string{"64Mi"}, []string{"64MiB"}},
		"sidecar.istio.io/logLevel":                             {[]string{"whatever"}, nil},
		annotationProxyConfig: {
			[]string{"", "{}", "concurrency: 2", "unknown: 1", "{discoveryAddress: 'istiod.x:1'}", "{discoveryAddress: '[::1]:1'}", "tracing: {zipkin: {address: '$(HOST_IP):9411'}}"},
			[]string{"x", "[]", "concurrency: x", "binaryPath: ''", "discoveryAddress: a", "statusPort: 0", "proxyAdminPort: 65536", "drainDuration: 0s", "serviceCluster: ''", "statsdUdpAddress: 'a b:1'", "controlPlaneAuthPolicy: 7", "interceptionMode: X"},
		},
	}
	for key, test := range tests {
		t.Run(key, func(t *testing.T) {
			for _, value := range test.good {
				if _, _, err := checkAnnotations(map[string]string{key: value}); err != nil {
					t.Errorf("%q: %v", value, err)
				}
			}
			for _, value := range test.bad {
				_, _, err := checkAnnotations(map[string]string{"a": "b", key: value})
				if input, ok := errors.AsType[*templates.InputError](err); !ok || input.Annotation != key || input.Problem == "" {
					t.Errorf("%q: got %v, want an error that names the annotation", value, err)
				}
			}
		})
	}
}

// TestProxySettingsAsIstioReadsThem: what protobuf's own decoder would refuse, or take for something else.
func TestProxySettingsAsIstioReadsThem(t *testing.T) {
	const taken = "annotation \"proxy.istio.io/config\": %s: %q is taken for %q, as Istio's injector takes it: want a number of seconds such as \"60s\""
	for value, c := range map[string]struct {
		want     string
		warnings []string
	}{
		"{terminationDrainDuration: 30s, drainDuration: 1m}": {`{"drainDuration":"60s","terminationDrainDuration":"30s"}`, []string{fmt.Sprintf(taken, "drainDuration", "1m", "60s")}},
		"envoyAccessLogService: {address: 'a:1', tcpKeepalive: {time: 1m30s}}": {`{"envoyAccessLogService":{"address":"a:1","tcpKeepalive":{"time":"90s"}}}`,
			[]string{fmt.Sprintf(taken, "envoyAccessLogService.tcpKeepalive.time", "1m30s", "90s")}},
		"drainDuration: +5s":                                     {`{"drainDuration":"5s"}`, nil},
		"{drain_duration: 1s, drainDuration: 5s}":                {`{"drainDuration":"5s"}`, nil},
		"proxyMetadata: {A: null}":                               {`{"proxyMetadata":{"A":""}}`, nil},
		"proxyStatsMatcher: {inclusionPrefixes: [null]}":         {`{"proxyStatsMatcher":{"inclusionPrefixes":[""]}}`, nil},
		"tracing: {datadog: {address: b}, zipkin: {address: a}}": {`{"tracing":{"datadog":{"address":"b"}}}`, nil},
	} {
		t.Run(value, func(t *testing.T) {
			said := &meshconfig.ProxyConfig{}
			_, notes, err := readMessage([]byte(value), said)
			if err != nil {
				t.Fatal(err)
			}
			got, err := messageJSON(said)
			if err != nil || got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			if len(c.warnings) == 0 && len(notes) == 0 {
				return
			}
			_, warnings, err := checkAnnotations(map[string]string{annotationProxyConfig: value})
			if diff := cmp.Diff(c.warnings, warnings); err != nil || diff != "" {
				t.Errorf("error %v, warnings (-want +got):\n%s", err, diff)
			}
		})
	}
	const want = `annotation "proxy.istio.io/config": "drainDuration: soon" is not a ProxyConfig: drainDuration "soon" is not a duration such as 60s`
	if _, _, err := checkAnnotations(map[string]string{annotationProxyConfig: "drainDuration: soon"}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestAliasesOfAnAnnotationAreBounded: 200 KB would become hundreds of megabytes.
func TestAliasesOfAnAnnotationAreBounded(t *testing.T) {
	value := "proxyMetadata: {A: &a " + strings.Repeat("x", 100_000) + ", " + strings.Repeat("B: *a, ", 10_000) + "}"
	_, _, err := checkAnnotations(map[string]string{annotationProxyConfig: value})
	if err == nil || !strings.HasSuffix(err.Error(), "its aliases stand for more than 4 MiB of YAML") {
		t.Errorf("error %.200v", err)
	}
}
