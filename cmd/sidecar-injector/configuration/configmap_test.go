package configuration

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestFromConfigMap shows which ConfigMaps are refused rather than taken for the defaults: what they miss may have excluded
// namespaces, or let pods in when injection fails.
func TestFromConfigMap(t *testing.T) {
	const (
		nothing = "there is nothing in it, want an object; {} means the defaults"
		full    = "excludedNamespaces: [fenced]\nonError: allow\n"
	)
	for sentence, c := range map[string]struct {
		data   map[string]string
		binary map[string][]byte
		want   string
	}{
		"both keys":                      {map[string]string{"config": full, "values": "proxy: {logLevel: debug}"}, nil, "<nil>"},
		"empty objects are the defaults": {map[string]string{"config": "{}", "values": "{}"}, nil, "<nil>"},
		"no keys":                        {nil, nil, `the ConfigMap has no key "config", want config and values; {} means the defaults`},
		"no key config":                  {map[string]string{"values": "{}"}, nil, `the ConfigMap has no key "config", want config and values; {} means the defaults`},
		"no key values, as if cut off":   {map[string]string{"config": full}, nil, `the ConfigMap has no key "values", want config and values; {} means the defaults`},
		"a slip of the keys":             {map[string]string{"confg": full, "values": "{}"}, nil, `the ConfigMap has an unknown key "confg" (did you mean "config"?), want config and values, and profile for a profile of one's own`},
		"another spelling":               {map[string]string{"Config": full, "values": "{}"}, nil, `the ConfigMap has an unknown key "Config" (did you mean "config"?), want config and values, and profile for a profile of one's own`},
		"a key besides":                  {map[string]string{"config": "{}", "values": "{}", "templates": "{}"}, nil, `the ConfigMap has an unknown key "templates", want config and values, and profile for a profile of one's own`},
		"a key in binary":                {map[string]string{"values": "{}"}, map[string][]byte{"config": {0xff}}, `the key "config" of the ConfigMap is not UTF-8`},
		"an empty text":                  {map[string]string{"config": "", "values": "{}"}, nil, "config: " + nothing},
		"null":                           {map[string]string{"config": "null", "values": "{}"}, nil, "config: " + nothing},
		"comments alone":                 {map[string]string{"config": "# " + full[:20], "values": "{}"}, nil, "config: " + nothing},
		"no values in their text":        {map[string]string{"config": "{}", "values": "---\n"}, nil, "values: " + nothing},
		"cut off in the middle":          {map[string]string{"config": full[:len(full)-8], "values": "{}"}, nil, "config: line 3: could not find expected ':'"},
		"two documents":                  {map[string]string{"config": full + "---\n" + full, "values": "{}"}, nil, "config: there is more than one document, want one"},
		"a key twice":                    {map[string]string{"config": full + full[:len(full)-15], "values": "{}"}, nil, `config: line 3: key "excludedNamespaces" already set in map`},
	} {
		in := FromConfigMap(&corev1.ConfigMap{Data: c.data, BinaryData: c.binary})
		if _, err := in.Parse(); fmt.Sprint(err) != c.want {
			t.Errorf("%s: error\n got %v\nwant %s", sentence, err, c.want)
		}
		if !in.Equal(FromConfigMap(&corev1.ConfigMap{Data: c.data, BinaryData: c.binary})) {
			t.Errorf("%s: the same ConfigMap is not equal", sentence)
		}
	}
	a, b := FromConfigMap(&corev1.ConfigMap{}), FromConfigMap(&corev1.ConfigMap{Data: map[string]string{"confg": ""}})
	if a.Equal(b) || a.Equal(&Inputs{}) {
		t.Error("different ConfigMaps are equal")
	}
}
