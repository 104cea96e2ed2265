package envoy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// probed returns a pod whose application has these fields, in YAML's flow style, and these annotations.
func probed(fields, annotations string) string {
	return `{metadata: {name: p, annotations: {` + annotations + `}}, spec: {containers: [{name: app, image: app, ` + fields + `}]}}`
}

// excludedPorts returns the inbound ports that are left alone.
func excludedPorts(t *testing.T, pod templates.Pod) string {
	t.Helper()
	for _, argument := range argumentsOf(t, pod, "sidecar-init") {
		if ports, ok := strings.CutPrefix(argument, "--exclude-inbound-ports="); ok {
			return ports
		}
	}
	t.Fatal("the init container has no --exclude-inbound-ports")
	return ""
}

func TestExcludedPorts(t *testing.T) {
	const (
		tcp     = `livenessProbe: {tcpSocket: {port: 8080}}`
		named   = `ports: [{name: web, containerPort: 8081}], readinessProbe: {tcpSocket: {port: web}}`
		include = `traffic.sidecar.istio.io/includeInboundPorts: "8080, 9090"`
		exclude = `traffic.sidecar.istio.io/excludeInboundPorts: "8080,22"`
	)
	const leave = `capture: {excludeTCPProbePorts: true}`
	for sentence, c := range map[string]struct{ values, pod, want string }{
		"the proxy's own alone":                   {``, plainPod, "15021,15090"},
		"not that of a TCP probe":                 {``, probed(tcp, ""), "15021,15090"},
		"that of a TCP probe, where asked for":    {leave, probed(tcp, ""), "15021,15090,8080"},
		"that of a TCP probe by name":             {leave, probed(named, ""), "15021,15090,8081"},
		"not one that two probes share, twice":    {leave, probed(tcp+`, startupProbe: {tcpSocket: {port: 8080}}`, ""), "15021,15090,8080"},
		"not one that is included by name":        {leave, probed(tcp, include), "15021,15090"},
		"not one that is excluded already, twice": {leave, probed(tcp, exclude), "15021,15090,8080,22"},
		"not that of a TCP probe of another host": {leave, probed(`livenessProbe: {tcpSocket: {port: 8080, host: elsewhere}}`, ""), "15021,15090"},
		"not that of an HTTP probe":               {leave, probed(`livenessProbe: {httpGet: {port: 8080}}`, ""), "15021,15090"},
		"that of a native sidecar's probe": {leave, `{metadata: {name: p}, spec: {containers: [{name: app, image: app}],
			initContainers: [{name: cache, image: cache, restartPolicy: Always, startupProbe: {tcpSocket: {port: 6379}}}]}}`, "15021,15090,6379"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := excludedPorts(t, inject(t, "{"+c.values+"}", c.pod)); got != c.want {
				t.Errorf("excluded are %s, want %s", got, c.want)
			}
		})
	}
}

func TestDraining(t *testing.T) {
	const classic = `sidecar.istio.io/nativeSidecar: "false"`
	graceful := func(seconds string) string {
		return `{metadata: {name: p, annotations: {` + classic + `}}, spec: {terminationGracePeriodSeconds: ` + seconds + `, containers: [{name: app, image: app}]}}`
	}
	sleep := func(seconds int64) any {
		return map[string]any{"sleep": map[string]any{"seconds": seconds}}
	}
	for sentence, c := range map[string]struct {
		values, pod string
		want        any
	}{
		"a native sidecar ends by itself":                 {``, plainPod, nil},
		"an ordinary container goes on for a while":       {``, annotated(classic), sleep(10)},
		"as long as the pod says":                         {``, annotated(classic + `, sidecar-injector.github.io/drainSeconds: "20"`), sleep(20)},
		"at most as long as the kubelet waits":            {``, annotated(classic + `, sidecar-injector.github.io/drainSeconds: "31"`), sleep(30)},
		"at most as long as the pod lets the kubelet":     {``, graceful("4"), sleep(4)},
		"not where the kubelet does not wait":             {``, graceful("0"), nil},
		"not where it is turned off":                      {`proxy: {drainSeconds: 0}`, annotated(classic), nil},
		"as long as the values say where the pod has not": {`proxy: {drainSeconds: 7}`, annotated(classic), sleep(7)},
	} {
		t.Run(sentence, func(t *testing.T) {
			lifecycle, _ := container(t, inject(t, "{"+c.values+"}", c.pod), "sidecar-proxy")["lifecycle"].(map[string]any)
			if diff := cmp.Diff(c.want, lifecycle["preStop"]); diff != "" {
				t.Errorf("the preStop hook (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHolding: an ordinary container that holds the others back stands first, waits in a hook, and has the program for
// it from the init container. Nothing of that is there where nothing is held back.
func TestHolding(t *testing.T) {
	const classic = `sidecar.istio.io/nativeSidecar: "false"`
	const off, on = `, sidecar-injector.github.io/holdApplication: "false"`, `, sidecar-injector.github.io/holdApplication: "true"`
	held := []any{"/var/run/sidecar/traffic-redirect", "wait", "--timeout=600s"}
	for sentence, c := range map[string]struct {
		values, pod string
		command     []any
	}{
		"an ordinary container holds":                 {``, annotated(classic), held},
		"as long as it may take to start":             {`proxy: {startupProbe: {periodSeconds: 2, failureThreshold: 30}}`, annotated(classic), []any{held[0], held[1], "--timeout=60s"}},
		"also where it is not drained":                {`proxy: {drainSeconds: 0}`, annotated(classic), held},
		"also for transparent sockets":                {``, annotated(classic + `, sidecar.istio.io/interceptionMode: TPROXY`), held},
		"not where it is turned off":                  {`proxy: {holdApplication: false}`, annotated(classic), nil},
		"not where the pod turns it off":              {``, annotated(classic + off), nil},
		"but where the pod turns it on":               {`proxy: {holdApplication: false}`, annotated(classic + on), held},
		"not where nothing is captured":               {``, annotated(classic + on + `, sidecar.istio.io/interceptionMode: NONE`), nil},
		"not a native sidecar, which is up before":    {``, plainPod, nil},
		"nor one by annotation, whatever it asks for": {`nativeSidecars: false`, annotated(`sidecar.istio.io/nativeSidecar: "true"` + on), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			pod := inject(t, "{"+c.values+"}", c.pod)
			proxy := container(t, pod, "sidecar-proxy")
			lifecycle, _ := proxy["lifecycle"].(map[string]any)
			var hook any
			if c.command != nil {
				hook = map[string]any{"exec": map[string]any{"command": c.command}}
			}
			if diff := cmp.Diff(hook, lifecycle["postStart"]); diff != "" {
				t.Errorf("the postStart hook (-want +got):\n%s", diff)
			}
			spec := pod["spec"].(map[string]any)
			first := spec["containers"].([]any)[0].(map[string]any)["name"] == "sidecar-proxy"
			installs := false
			for _, list := range []string{"initContainers", "containers"} {
				containers, _ := spec[list].([]any)
				for _, c := range containers {
					arguments, _ := c.(map[string]any)["args"].([]any)
					installs = installs || slices.Contains(arguments, any("--install-to=/var/run/sidecar"))
				}
			}
			for what, got := range map[string]bool{"the proxy stands first": first, "the init container installs it": installs} {
				if got != (c.command != nil) {
					t.Errorf("%s: %t, want %t", what, got, c.command != nil)
				}
			}
		})
	}
}

// TestThreads: by default the kubelet puts the number in, from a variable that is there.
func TestThreads(t *testing.T) {
	for annotation, want := range map[string]string{
		``: "$(SIDECAR_CPU_LIMIT)",
		`sidecar-injector.github.io/concurrency: "0"`: "$(SIDECAR_CPU_LIMIT)",
		`sidecar-injector.github.io/concurrency: "6"`: "6",
	} {
		pod := inject(t, "", annotated(annotation))
		if got := argument(t, pod, "sidecar-proxy", "--concurrency"); got != want {
			t.Errorf("%s: --concurrency %s, want %s", annotation, got, want)
		}
		variables := container(t, pod, "sidecar-proxy")["env"].([]any)
		if !slices.ContainsFunc(variables, func(v any) bool { return v.(map[string]any)["name"] == "SIDECAR_CPU_LIMIT" }) {
			t.Errorf("%s: the variable is not there: %v", annotation, variables)
		}
	}
}

// TestUser: only transparent sockets take root, and the group tells the proxy's traffic in every mode.
func TestUser(t *testing.T) {
	for mode, want := range map[string]map[string]any{
		"REDIRECT": {"runAsUser": int64(1337), "runAsGroup": int64(1337), "runAsNonRoot": true, "capabilities": map[string]any{"drop": []any{"ALL"}}},
		"NONE":     {"runAsUser": int64(1337), "runAsGroup": int64(1337), "runAsNonRoot": true, "capabilities": map[string]any{"drop": []any{"ALL"}}},
		"TPROXY": {"runAsUser": int64(0), "runAsGroup": int64(1337), "runAsNonRoot": false,
			"capabilities": map[string]any{"add": []any{"NET_ADMIN"}, "drop": []any{"ALL"}}},
	} {
		proxy := container(t, inject(t, "", annotated("sidecar.istio.io/interceptionMode: "+mode)), "sidecar-proxy")
		got := map[string]any{}
		for field := range want {
			got[field] = proxy["securityContext"].(map[string]any)[field]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}

func TestScrapeAnnotations(t *testing.T) {
	for sentence, c := range map[string]struct {
		values, annotations string
		want                map[string]string
	}{
		"the proxy is scraped":            {``, ``, map[string]string{"scrape": "true", "port": "15090", "path": "/stats/prometheus"}},
		"the application is, if it says":  {``, `prometheus.io/scrape: "true", prometheus.io/port: "8080"`, map[string]string{"scrape": "true", "port": "8080"}},
		"nothing is, if the pod says":     {``, `prometheus.io/scrape: "false"`, map[string]string{"scrape": "false"}},
		"a path alone is the pod's too":   {``, `prometheus.io/path: /m`, map[string]string{"path": "/m"}},
		"nothing is, if the values do so": {`metrics: {scrapeAnnotations: false}`, ``, map[string]string{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			pod := inject(t, "{"+c.values+"}", annotated(c.annotations))
			got := map[string]string{}
			for _, key := range []string{"scrape", "port", "path"} {
				if value, set := pod.Annotation("prometheus.io/" + key); set {
					got[key] = value
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
		})
	}
}
