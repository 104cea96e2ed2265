package envoy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// values are settings of the profile, by sentences, in YAML's flow style and with keys that differ.
var values = map[string]string{
	"nothing set":           ``,
	"classic":               `nativeSidecars: false`,
	"no IPv6":               `proxy: {ipv6: false}`,
	"four threads":          `proxy: {concurrency: 4}`,
	"nothing captured":      `capture: {mode: NONE}`,
	"transparent":           `capture: {mode: TPROXY}`,
	"times":                 `timeouts: {connect: 0.25s, request: 15s, idle: 0s}`,
	"no retries":            `http: {retries: {attempts: 0}}`,
	"many retries":          `http: {retries: {attempts: 9, statuses: [502, 503, 504], budgetPercent: 5, budgetMinimum: 1}}`,
	"no protocol detection": `http: {detectionTimeout: 0s, serverFirstPorts: []}`,
	"one server-first port": `http: {serverFirstPorts: [65535]}`,
	"no upgrades":           `http: {upgrades: []}`,
	"other upgrades":        `http: {upgrades: [websocket, spdy/3.1]}`,
	"breakers":              `circuitBreakers: {connections: 1, pendingRequests: 2, requests: 3}`,
	"no outlier detection":  `outlierDetection: {consecutiveErrors: 0}`,
	"quick ejection":        `outlierDetection: {consecutiveErrors: 1, interval: 0.5s, baseEjectionTime: 1s}`,
	"no access log":         `accessLog: {enabled: false}`,
	"traced":                `tracing: {host: collector.observability.svc}`,
	"traced, all set":       `tracing: {host: "fd00::1", port: 14317, samplingPercent: 0.01, serviceName: "a: \"b\" # {c}"}`,
}

// annotations are those that change the configuration, in YAML's flow style.
var annotations = map[string]string{
	"none":           ``,
	"log level":      `sidecar.istio.io/logLevel: trace`,
	"nothing":        `sidecar.istio.io/interceptionMode: NONE`,
	"redirected":     `sidecar.istio.io/interceptionMode: REDIRECT`,
	"transparent":    `sidecar.istio.io/interceptionMode: TPROXY`,
	"classic":        `sidecar.istio.io/nativeSidecar: "false"`,
	"threads":        `sidecar-injector.github.io/concurrency: "3"`,
	"threads by CPU": `sidecar-injector.github.io/concurrency: "0"`,
	"not held":       `sidecar-injector.github.io/holdApplication: "false", sidecar.istio.io/nativeSidecar: "false"`,
	"drained":        `sidecar-injector.github.io/drainSeconds: "25", sidecar.istio.io/nativeSidecar: "false"`,
	"times":          `sidecar-injector.github.io/connectTimeout: 0.001s, sidecar-injector.github.io/requestTimeout: 9999999s, sidecar-injector.github.io/idleTimeout: 60s`,
}

func TestEveryValueWithEveryAnnotation(t *testing.T) {
	for value, settings := range values {
		for annotation, text := range annotations {
			t.Run(value+" and "+annotation, func(t *testing.T) {
				if _, err := read(bootstrapOf(t, inject(t, "{"+settings+"}", annotated(text)))); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestEveryPairOfValues is about values of different keys, which meet in one file.
func TestEveryPairOfValues(t *testing.T) {
	key := func(settings string) string { return strings.SplitN(settings, ":", 2)[0] }
	for first, a := range values {
		for second, b := range values {
			if a == "" || b == "" || key(a) >= key(b) {
				continue
			}
			if _, err := read(bootstrapOf(t, inject(t, "{"+a+", "+b+"}", plainPod))); err != nil {
				t.Errorf("%s and %s: %v", first, second, err)
			}
		}
	}
}

// TestHostileNames puts what would be structure in every text of a pod that reaches the configuration.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{`x"}, evil: {"a`, "x\n      admin: {}", `{{.}}`, "x # y", "'", `\`, "\u2028", "%REQ(X)%", "- a: b"} {
		for _, where := range []string{"labels: {app: %}", "labels: {app.kubernetes.io/name: %}", "generateName: %", "name: %"} {
			quoted := strings.ReplaceAll(where, "%", quote(name))
			pod := inject(t, "{tracing: {host: collector}}", `{metadata: {`+quoted+`}, spec: {containers: [{name: app, image: app}]}}`)
			bootstrap, err := read(bootstrapOf(t, pod))
			if err != nil {
				t.Errorf("%s: %v", quoted, err)
				continue
			}
			if got := serviceName(t, bootstrap); got != name {
				t.Errorf("%s: the service is %q, want %q", quoted, got, name)
			}
		}
	}
}

func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/myapp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template := decode(t, string(text))["spec"].(map[string]any)["template"].(map[string]any)
	if _, err := read(bootstrapOf(t, inject(t, "", encode(t, template)))); err != nil {
		t.Error(err)
	}
}

// TestGoldens reads the configurations in the wanted pods of the engine's own tests.
func TestGoldens(t *testing.T) {
	archives, err := filepath.Glob("../../templates/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name != "want.yaml" || !strings.Contains(string(file.Data), "--config-to") {
				continue
			}
			found++
			if _, err := read(strings.TrimPrefix(argument(t, decode(t, string(file.Data)), "sidecar-init", "--config"), "packed\n")); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if found < 5 {
		t.Errorf("%d goldens have a bootstrap, want 5 at least", found)
	}
}
