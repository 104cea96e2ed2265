package istio

import "testing"

func TestProxyIDs(t *testing.T) {
	for name, test := range map[string]struct {
		namespace   map[string]string
		user, group int64
	}{
		"no ranges":                       {nil, 1337, 1337},
		"users alone":                     {map[string]string{annotationUIDRange: "1000/10"}, 1009, 1009},
		"both, from and to":               {map[string]string{annotationUIDRange: "1000-1004", annotationGroups: "7/2"}, 1004, 8},
		"several groups":                  {map[string]string{annotationGroups: "5/5,100/1"}, 1337, 9},
		"a range that is none":            {map[string]string{annotationUIDRange: "x"}, 1337, 1337},
		"one of several that is none":     {map[string]string{annotationGroups: "5/5,x"}, 1337, 1337},
		"an empty annotation":             {map[string]string{annotationUIDRange: "5/5", annotationGroups: ""}, 9, 1337},
		"a range without an end":          {map[string]string{annotationUIDRange: "5/"}, 1337, 1337},
		"a range that is a single number": {map[string]string{annotationUIDRange: "5"}, 1337, 1337},
	} {
		if user, group := proxyIDs(test.namespace); user != test.user || group != test.group {
			t.Errorf("%s: got %d and %d, want %d and %d", name, user, group, test.user, test.group)
		}
	}
}
