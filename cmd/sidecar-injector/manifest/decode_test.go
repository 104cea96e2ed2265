package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

func TestDecodeYAMLIsWhatKubernetesDecodes(t *testing.T) {
	cases := map[string]string{
		"whole numbers":                    "[0, -7, 9223372036854775807, 0x1F, 010, 0b11, 1_000]",
		"numbers beyond int64":             "[9223372036854775808, 18446744073709551615, 18446744073709551616]",
		"numbers with a fraction":          "[1.5, 1.0, -0.0, 1e3, 1e-9, 1e20, 1e21, 1e300, 9007199254740993.0]",
		"numbers of base 60 are strings":   "[12:30:45, 1:20]",
		"words of YAML 1.1":                "[yes, No, on, OFF, y, n, ~, null, Null, true]",
		"dates are strings":                "[2001-01-01, 2001-12-14t21:59:43.10-05:00]",
		"keys that are no strings":         "{1: a, true: b, 1.5: c, yes1: d, -3: e}",
		"anchors, aliases and merged keys": "a: &a {x: 1, y: [1]}\nb: *a\nc:\n  <<: *a\n  z: 2\n",
		"merged keys beside others":        "a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  x: 2\nc:\n  x: 3\n  <<: *a\n  z: 3\n",
		"scalars of several lines":         "a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: x\n  y\nd: 'x\n\n  y'\n",
		"tags":                             "[!!str 1, !!float 1, !!binary aGVsbG8=, !!int \"3\"]",
		"nothing":                          "# comment\n",
		"null":                             "---\n~\n",
		"empty values":                     "a:\nb: ''\nc: {}\nd: []\n",
		"line ends":                        "a: b\r\nc:\r\n- d\r\n",
		"characters beyond the alphabet":   "a: \"\\U0001F600\\x41\\N\"\nü: ☃\n",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			var want any
			if err := utilyaml.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			got, err := decodeYAML([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeYAMLErrors(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"a number that JSON has not":         {"a: .nan\n", "found the number NaN, which JSON has not"},
		"an infinite key":                    {".inf: a\n", "found the number +Inf, which JSON has not"},
		"an empty key":                       {"~: a\n", "found the key <nil>, want a string"},
		"two keys that are the same as text": {"1: a\n\"1\": b\n", `key "1" already set in map`},
		"a key twice beside a merged one":    {"a: &a {x: 1}\nb:\n  <<: *a\n  z: 1\n  z: 2\n", "yaml: unmarshal errors:\n  line 5: key \"z\" already set in map"},
		"more after the end":                 {"a: b\n---\nc: d\n", "found more after its end"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decodeYAML([]byte(c.text))
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
