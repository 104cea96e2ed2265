package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/internal/schemacheck"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// outOfBounds finds errors about a number.
var outOfBounds = regexp.MustCompile(`want (a number, )?\d+ to \d+$`)

func TestValueRules(t *testing.T) {
	for values, want := range map[string]string{
		"proxy: {uid: -1}":                                          `value "proxy.uid" is -1, want 1 to 2147483647`,
		"proxy: {uid: 0}":                                           `value "proxy.uid" is 0, want 1 to 2147483647`,
		"proxy: {uid: 99999999999}":                                 `value "proxy.uid" is 99999999999, want 1 to 2147483647`,
		"proxy: {gid: -5}":                                          `value "proxy.gid" is -5, want 1 to 2147483647`,
		"proxy: {gid: 0}":                                           `value "proxy.gid" is 0, want 1 to 2147483647`,
		"proxy: {readinessProbe: {timeoutSeconds: -1}}":             `value "proxy.readinessProbe.timeoutSeconds" is -1, want 1 to 2147483647`,
		"proxy: {startupProbe: {failureThreshold: -1}}":             `value "proxy.startupProbe.failureThreshold" is -1, want 1 to 2147483647`,
		`proxy: {image: " a "}`:                                     `value "proxy.image" is wrong: " a " is not an image: want a name, with no space around it`,
		`init: {image: ""}`:                                         `value "init.image" is wrong: "" is not an image: want a name, with no space around it`,
		"proxy: {imagePullPolicy: Sometimes}":                       `value "proxy.imagePullPolicy" is "Sometimes", want one of Always, IfNotPresent, Never`,
		"proxy: {resources: {requests: {foo: 1}}}":                  `value "proxy.resources.requests.foo" is wrong: "foo" is not a resource of containers, want cpu, memory, ephemeral-storage, hugepages-SIZE or a name with a domain`,
		"proxy: {resources: {limits: {cpu: lots}}}":                 `value "proxy.resources.limits.cpu" is wrong: "lots" is not a quantity such as 100m or 64Mi`,
		"proxy: {resources: {requests: {cpu: -1}}}":                 `value "proxy.resources.requests.cpu" is wrong: "-1" is negative, want 0 or more`,
		"proxy: {resources: {requests: {cpu: 3}}}":                  `value "proxy.resources.requests.cpu" is wrong: "3" is above the limit "2"`,
		"init: {resources: {requests: {example.com/a: 1}}}":         `value "init.resources.requests.example.com/a" is wrong: "1" has to be the limit too, and resources.limits.example.com/a is not set`,
		"proxy: {resources: {limits: {example.com/a: 1}}}":          "",
		"proxy: {resources: {limits: {cpu: null}}}":                 "",
		"proxy: {drainSeconds: 10000}":                              `value "proxy.drainSeconds" is 10000, want 0 to 9999`,
		"capture: {mode: SOME}":                                     `value "capture.mode" is "SOME", want one of REDIRECT, TPROXY, NONE`,
		"capture: {excludeInboundPorts: '*'}":                       `value "capture.excludeInboundPorts" is wrong: "*" is not a port (1 to 65535); a list is separated by commas`,
		"timeouts: {idle: 1h}":                                      `value "timeouts.idle" is wrong: "1h" is not allowed, want a time in seconds, such as 30s or 0.5s`,
		"http: {serverFirstPorts: [21, 70000]}":                     `value "http.serverFirstPorts" is 70000, want 1 to 65535`,
		"http: {retries: {attempts: -1}}":                           `value "http.retries.attempts" is -1, want 0 to 4294967295`,
		"http: {retries: {backOff: 100ms}}":                         `value "http.retries.backOff" is wrong: "100ms" is not allowed, want a time in seconds that is longer than 0s, such as 30s or 0.5s`,
		"timeouts: {connect: 0.0s}":                                 `value "timeouts.connect" is wrong: "0.0s" is not allowed, want a time in seconds that is longer than 0s, such as 30s or 0.5s`,
		"circuitBreakers: {connections: -1}":                        `value "circuitBreakers.connections" is -1, want 0 to 4294967295`,
		"tracing: {port: 99999}":                                    `value "tracing.port" is 99999, want 1 to 65535`,
		"tracing: {samplingPercent: 0.5}":                           "",
		"http: {serverFirstPorts: [x]}":                             `value "http.serverFirstPorts" is a string, want a number, 1 to 65535`,
		"http: {retries: {statuses: [{}]}}":                         `value "http.retries.statuses" is an object, want a number, 100 to 599`,
		"http: {upgrades: [a b]}":                                   `value "http.upgrades" is "a b", want the name of a protocol, such as websocket`,
		"http: {upgrades: [1]}":                                     `value "http.upgrades" is an integer, want a string`,
		"http: {upgrades: [websocket, 'spdy/3.1', 'a/b/c']}":        `value "http.upgrades" is "a/b/c", want the name of a protocol, such as websocket`,
		`tracing: {host: "a\0b"}`:                                   `value "tracing.host" is "a\x00b", want a DNS name or an IP address`,
		"tracing: {host: '::ffff:10.0.0.1'}":                        `value "tracing.host" is "::ffff:10.0.0.1", want a DNS name or an IP address`,
		"tracing: {host: '2001:db8::1'}":                            "",
		"tracing: {host: otel.example.com}":                         "",
		`tracing: {serviceName: "a\x1b[31m"}`:                       `value "tracing.serviceName" is "a\x1b[31m", want a text without control characters`,
		`proxy: {image: "a\0b"}`:                                    `value "proxy.image" is wrong: "a\x00b" is not an image: want a name, with no space or control character in it`,
		"init: {image: a b}":                                        `value "init.image" is wrong: "a b" is not an image: want a name, with no space or control character in it`,
		"capture: {excludeOutboundIPRanges: '::ffff:10.0.0.0/104'}": `value "capture.excludeOutboundIPRanges" is wrong: "::ffff:10.0.0.0/104" is not an IP range such as 10.0.0.0/8; a list is separated by commas`,
		`capture: {excludeInterfaces: "a\0b"}`:                      `value "capture.excludeInterfaces" is wrong: "a\x00b" is not the name of a network interface (no pattern); a list is separated by commas`,
		"tracing: {samplingPercent: 100.5}":                         `value "tracing.samplingPercent" is 100.5, want 0 to 100`,
	} {
		t.Run(values, func(t *testing.T) {
			parsed, err := strictyaml.Object([]byte(values))
			if err != nil {
				t.Fatal(err)
			}
			_, err = New(Options{Values: parsed})
			if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
				t.Errorf("error\n got %s\nwant %s", got, want)
			}
			// What a function checks, the published schema leaves to the program.
			why, refused := schemacheck.Refuses(t, "../docs/schemas/values-envoy.schema.json", []byte(values))
			if refused && err == nil || !refused && (strings.Contains(want, ", want one of ") || outOfBounds.MatchString(want)) {
				t.Errorf("the schema refuses it: %v, %s", refused, why)
			}
		})
	}
}

// TestValueRulesNameValues shows that each rule of the profile is about values that there are, and can be checked.
func TestValueRulesNameValues(t *testing.T) {
	profile, err := BuiltinProfile(DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range profile.ValueRules {
		for _, path := range rule.Values {
			value := valueAt(profile.Values, path)
			if value == nil {
				t.Errorf("there is no value %q", path)
			}
			if _, isText := value.(string); isText && rule.Is != "" && !slices.Contains([]string{"image", "host", "text", "token"}, rule.Is) {
				if _, ok := functions()[rule.Is].(func(key, value string) (string, error)); !ok {
					t.Errorf("value %q: there is no check %q", path, rule.Is)
				}
			}
		}
	}
}
