package serve

import (
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	cases := map[string]struct {
		change func(*Options)
		want   string
	}{
		"the defaults":                {func(*Options) {}, ""},
		"no metrics":                  {func(o *Options) { o.MetricsAddress = "0" }, ""},
		"an IPv6 address":             {func(o *Options) { o.WebhookAddress = "[::1]:9443" }, ""},
		"two sources of a pair":       {func(o *Options) { o.TLSDir, o.TLSSelfSigned = "x", true }, "--tls-dir and --tls-self-signed exclude each other"},
		"Istio's and files":           {func(o *Options) { o.IstioNamespace, o.ConfigFile = "istio-system", "x" }, "--istio-namespace excludes --config, --values and --profile"},
		"names without a CA":          {func(o *Options) { o.ClientAllowedNames = []string{"x"} }, "--client-allowed-names is for --client-ca"},
		"a negative delay":            {func(o *Options) { o.ShutdownDelay = -time.Second }, "--shutdown-delay must not be negative"},
		"an unknown log level":        {func(o *Options) { o.LogLevel = "loud" }, `--log-level: "loud" is not debug, info, warn or error`},
		"profiles on loopback":        {func(o *Options) { o.DebugAddress = "[::1]:6060" }, ""},
		"profiles for everybody":      {func(o *Options) { o.DebugAddress = ":6060" }, `--debug-bind-address: ":6060" is no address of loopback, want one such as 127.0.0.1:6060`},
		"profiles by a name":          {func(o *Options) { o.DebugAddress = "localhost:6060" }, `--debug-bind-address: "localhost:6060" is no address of loopback, want one such as 127.0.0.1:6060`},
		"an empty name":               {func(o *Options) { o.ConfigMap = "" }, "--config-map must not be empty"},
		"an address without a port":   {func(o *Options) { o.WebhookAddress = "localhost" }, "--webhook-bind-address: address localhost: missing port in address"},
		"a port that is none":         {func(o *Options) { o.HealthAddress = ":http" }, `--health-probe-bind-address: port "http" is not a number from 1 to 65535`},
		"a port that is out of range": {func(o *Options) { o.MetricsAddress = ":65536" }, `--metrics-bind-address: port "65536" is not a number from 1 to 65535`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			options := DefaultOptions()
			c.change(&options)
			got := ""
			if err := options.Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOwnNamespace(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "from-environment")
	options := DefaultOptions()
	if got, err := options.ownNamespace(); err != nil || got != "from-environment" {
		t.Errorf("got %q, %v", got, err)
	}
	options.Namespace = "from-flag"
	if got, err := options.ownNamespace(); err != nil || got != "from-flag" {
		t.Errorf("got %q, %v", got, err)
	}
}
