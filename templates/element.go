package templates

import "github.com/sidecar-injector/sidecar-injector/internal/listmap"

// elementKey is listmap.Key in a list of an unknown type.
func elementKey(element any) (key string, ok bool) { return listmap.Key(nil, element) }
