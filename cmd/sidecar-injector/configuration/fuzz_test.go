package configuration

import (
	"errors"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// FuzzRead reads any configuration and values. A refusal is one line, of what is known; what is taken is taken again.
func FuzzRead(f *testing.F) {
	for _, texts := range [][2]string{
		{"", ""}, {"{}", "{}"}, {"policy: disabled\nonError: allow\n", "image: a\n"}, {"profile: istio", ""},
		{"templates:\n  a: |\n    spec:\n      containers:\n      - {name: a, image: {{ .Values.image }}}\ndefaultTemplates: [a]\n", "{image: b}"},
		{"aliases: {b: [envoy]}\nexcludedNamespaces: [x]\nneverInjectSelector: [{matchLabels: {a: b}}]\n", "proxy: {uid: 5}"},
		{"a: &a [x]\nb: *a\n", "null"}, {"namespaceLabel: a=b\nrevision: r\n", "proxy: {resources: {limits: {cpu: 1}}}"},
	} {
		f.Add([]byte(texts[0]), []byte(texts[1]))
	}
	f.Fuzz(func(t *testing.T, config, values []byte) {
		inputs := Inputs{Config: config, Values: values}
		if _, err := inputs.Read(); err != nil {
			if _, known := errors.AsType[*webhook.ConfigError](err); !known || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%T: %q, want a ConfigError of one line", err, err)
			}
			return
		}
		if _, err := inputs.Read(); err != nil {
			t.Errorf("read again: %v", err)
		}
	})
}
