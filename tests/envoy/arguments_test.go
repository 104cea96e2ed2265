package envoy

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// captures are annotations on capture, in YAML's flow style, and what the template says of those that it refuses.
var captures = map[string]struct{ annotations, refused string }{
	"none":                     {``, ""},
	"transparent":              {`sidecar.istio.io/interceptionMode: TPROXY`, ""},
	"ports":                    {`traffic.sidecar.istio.io/includeInboundPorts: "80, 443", traffic.sidecar.istio.io/excludeInboundPorts: "22"`, ""},
	"no port":                  {`traffic.sidecar.istio.io/includeInboundPorts: ""`, ""},
	"every outbound port":      {`traffic.sidecar.istio.io/includeOutboundPorts: "*", traffic.sidecar.istio.io/excludeOutboundPorts: "53,123"`, ""},
	"ranges":                   {`traffic.sidecar.istio.io/includeOutboundIPRanges: "10.0.0.0/8,fd00::/8", traffic.sidecar.istio.io/excludeOutboundIPRanges: "10.1.0.0/16"`, ""},
	"interfaces":               {`traffic.sidecar.istio.io/excludeInterfaces: "eth1, net0"`, ""},
	"every inbound port out":   {`traffic.sidecar.istio.io/excludeInboundPorts: "*"`, `annotation "traffic.sidecar.istio.io/excludeInboundPorts": "*" is not a port`},
	"every outbound port out":  {`traffic.sidecar.istio.io/excludeOutboundPorts: "*"`, `annotation "traffic.sidecar.istio.io/excludeOutboundPorts": "*" is not a port`},
	"every range out":          {`traffic.sidecar.istio.io/excludeOutboundIPRanges: "*"`, `annotation "traffic.sidecar.istio.io/excludeOutboundIPRanges": "*" is not an IP range`},
	"every interface out":      {`traffic.sidecar.istio.io/excludeInterfaces: "*"`, `annotation "traffic.sidecar.istio.io/excludeInterfaces": "*" is not the name of a network interface (no pattern)`},
	"a pattern of interfaces":  {`traffic.sidecar.istio.io/excludeInterfaces: "eth+,lo"`, `annotation "traffic.sidecar.istio.io/excludeInterfaces": "eth+" is not the name of a network interface (no pattern)`},
	"a port in and out":        {`traffic.sidecar.istio.io/includeInboundPorts: "80,81", traffic.sidecar.istio.io/excludeInboundPorts: " 81"`, `annotation "traffic.sidecar.istio.io/excludeInboundPorts": "81" is not allowed`},
	"a port of the proxy's":    {`traffic.sidecar.istio.io/includeInboundPorts: "80,15021"`, `annotation "traffic.sidecar.istio.io/includeInboundPorts": "15021" is not allowed`},
	"a range in and out":       {`traffic.sidecar.istio.io/includeOutboundIPRanges: "10.0.0.0/8", traffic.sidecar.istio.io/excludeOutboundIPRanges: "10.0.0.0/8"`, `annotation "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.0.0.0/8" is not allowed`},
	"a time without unit":      {`sidecar-injector.github.io/idleTimeout: "5"`, `annotation "sidecar-injector.github.io/idleTimeout": "5" is not allowed`},
	"a time that is structure": {`sidecar-injector.github.io/requestTimeout: "5s}\n"`, `annotation "sidecar-injector.github.io/requestTimeout"`},
	"no time to connect":       {`sidecar-injector.github.io/connectTimeout: 0.0s`, `annotation "sidecar-injector.github.io/connectTimeout": "0.0s" is not allowed`},
	"half a thread":            {`sidecar-injector.github.io/concurrency: "0.5"`, `annotation "sidecar-injector.github.io/concurrency": "0.5" is not allowed`},
	"a hold of no truth":       {`sidecar-injector.github.io/holdApplication: "yes"`, `annotation "sidecar-injector.github.io/holdApplication": "yes" is not allowed`},
	"a drain of no number":     {`sidecar-injector.github.io/drainSeconds: 5s`, `annotation "sidecar-injector.github.io/drainSeconds": "5s" is not allowed`},
}

// TestCaptures: what the template lets through, the program of the init container takes.
func TestCaptures(t *testing.T) {
	program := filepath.Join(t.TempDir(), "traffic-redirect")
	build := exec.Command("go", "build", "-o", program, "./cmd/traffic-redirect")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build traffic-redirect: %v: %s", err, output)
	}
	for sentence, c := range captures {
		t.Run(sentence, func(t *testing.T) {
			pod, err := tryInject(t, "", annotated(c.annotations))
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("error %v, want %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			arguments := append([]string{"--dry-run"}, argumentsOf(t, pod, "sidecar-init")...)
			if output, err := exec.Command(program, arguments...).CombinedOutput(); err != nil {
				t.Errorf("traffic-redirect: %v: %s", err, output)
			}
		})
	}
}
