package config

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestProfileLetsThroughWhatIsTaken shows that the values of the envoy profile's annotations that it does not refuse are
// taken by this program in the init container.
func TestProfileLetsThroughWhatIsTaken(t *testing.T) {
	engine, err := templates.New(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const refused, taken = true, false
	for value, want := range map[string]map[string]bool{
		"":                        {"includeInboundPorts": taken, "excludeOutboundPorts": taken, "includeOutboundIPRanges": taken, "excludeInterfaces": taken},
		"*":                       {"includeInboundPorts": taken, "includeOutboundPorts": taken, "includeOutboundIPRanges": taken, "excludeInboundPorts": refused, "excludeOutboundIPRanges": refused, "excludeInterfaces": refused},
		"80,443":                  {"includeInboundPorts": taken, "excludeInboundPorts": taken, "includeOutboundPorts": taken, "excludeOutboundPorts": taken},
		" 080 , 8080":             {"includeInboundPorts": taken, "excludeInboundPorts": taken},
		"80,80":                   {"includeInboundPorts": taken, "excludeInboundPorts": taken},
		"80,,81":                  {"includeInboundPorts": refused},
		"*,80":                    {"includeInboundPorts": refused},
		"0":                       {"includeInboundPorts": refused},
		"+80":                     {"includeInboundPorts": refused},
		"65536":                   {"excludeOutboundPorts": refused},
		"15021":                   {"includeInboundPorts": refused, "excludeInboundPorts": taken},
		"015090":                  {"includeInboundPorts": refused},
		"10.0.0.0/8,fd00::/8":     {"includeOutboundIPRanges": taken, "excludeOutboundIPRanges": taken},
		"10.1.2.3/8":              {"includeOutboundIPRanges": taken},
		"10.0.0.0":                {"includeOutboundIPRanges": refused},
		"010.0.0.0/8":             {"includeOutboundIPRanges": refused},
		"::ffff:10.0.0.0/104":     {"includeOutboundIPRanges": refused, "excludeOutboundIPRanges": refused},
		"fe80::1%eth0/64":         {"includeOutboundIPRanges": refused},
		"10.0.0.0/8\n":            {"includeOutboundIPRanges": taken},
		"eth0,br-a@b":             {"excludeInterfaces": taken},
		"x\x00y":                  {"excludeInterfaces": refused},
		"x\x1by":                  {"excludeInterfaces": refused},
		"x\u0085y":                {"excludeInterfaces": refused},
		"eth+":                    {"excludeInterfaces": refused},
		"eth0:1":                  {"excludeInterfaces": refused},
		"a b":                     {"excludeInterfaces": refused},
		"..":                      {"excludeInterfaces": refused},
		"sixteencharacter":        {"excludeInterfaces": refused},
		strings.Repeat("é", 8):    {"excludeInterfaces": refused},
		`a"b`:                     {"excludeInterfaces": refused},
		"eth0,\x7f":               {"excludeInterfaces": refused},
		"\u200bé\u00ad\ufeff":     {"excludeInterfaces": taken},
		"10.0.0.0/8, 10.0.0.0/16": {"excludeOutboundIPRanges": taken},
	} {
		for annotation, wantRefused := range want {
			annotations := map[string]any{"traffic.sidecar.istio.io/" + annotation: value}
			if problem := checkBoth(t, engine, annotations, wantRefused); problem != "" {
				t.Errorf("%s: %q: %s", annotation, value, problem)
			}
		}
	}
	for name, lists := range map[string][4]string{
		"ports included and excluded":   {"includeInboundPorts", "80,81", "excludeInboundPorts", "82,081"},
		"ranges included and excluded":  {"includeOutboundIPRanges", "10.1.2.3/8", "excludeOutboundIPRanges", "10.0.0.0/8"},
		"outbound, in another spelling": {"includeOutboundPorts", "0443", "excludeOutboundPorts", "443"},
	} {
		annotations := map[string]any{"traffic.sidecar.istio.io/" + lists[0]: lists[1], "traffic.sidecar.istio.io/" + lists[2]: lists[3]}
		if problem := checkBoth(t, engine, annotations, refused); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// checkBoth injects a pod with a probe of port 80, and parses the arguments of its init container. It returns what is wrong.
func checkBoth(t *testing.T, engine *templates.Engine, annotations map[string]any, refused bool) string {
	t.Helper()
	probe := map[string]any{"tcpSocket": map[string]any{"port": int64(80)}}
	pod := map[string]any{
		"metadata": map[string]any{"annotations": annotations},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app", "livenessProbe": probe}}},
	}
	result, err := engine.Inject(templates.Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil {
		if !refused {
			return "it is refused: " + err.Error()
		}
		return ""
	}
	if refused {
		return "it is let through"
	}
	container, _ := templates.Pod(result.Pod).Find("sidecar-init")
	var args []string
	for _, arg := range container["args"].([]any) {
		args = append(args, arg.(string))
	}
	flags := pflag.NewFlagSet("traffic-redirect", pflag.ContinueOnError)
	Flags(flags)
	flags.String("config", "", "") // which are not for the rules
	flags.String("config-to", "", "")
	if err := flags.Parse(args); err != nil {
		return "its arguments are not taken: " + err.Error()
	}
	if _, err := Parse(flags, func(string) (string, bool) { return "", false }); err != nil {
		return "it is not taken: " + err.Error()
	}
	return ""
}
