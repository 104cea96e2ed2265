package main

import (
	"fmt"
	"strings"
)

// The pods that cost most of those that are known: each is small for what it makes an injector do. They are no valid
// pods for the API server, which asks its webhooks before it validates. No two of them are equal, so that nothing that
// is remembered helps.

// betweenOverrides has so many containers between those that override the injected ones, which change their places.
func betweenOverrides(count int) func(number int) []byte {
	return func(number int) []byte {
		var containers strings.Builder
		for i := range count {
			fmt.Fprintf(&containers, `{"name":"c%d","image":"app:%d"},`, i, number)
		}
		return worst(number, "", fmt.Sprintf(
			`"containers":[{"name":"sidecar-proxy","image":"auto"},%s{"name":"sidecar-init","image":"auto"}]`, &containers))
	}
}

// portLists names so many ports in each of two annotations.
func portLists(count int) func(number int) []byte {
	return func(number int) []byte {
		ports := func(first int) string {
			var list strings.Builder
			for i := range count {
				fmt.Fprintf(&list, "%d,", first+number%1000+i)
			}
			return strings.TrimSuffix(list.String(), ",")
		}
		return worst(number, fmt.Sprintf(
			`,"traffic.sidecar.istio.io/includeOutboundPorts":"%s","traffic.sidecar.istio.io/excludeOutboundPorts":"%s"`,
			ports(1), ports(30001)), `"containers":[{"name":"app","image":"app:1"}]`)
	}
}

// nested has a field that nobody knows, with so many lists in each other.
func nested(depth int) func(number int) []byte {
	return func(number int) []byte {
		return worst(number, "", fmt.Sprintf(`"x":%s%d%s,"containers":[{"name":"app","image":"app:1"}]`,
			strings.Repeat("[", depth), number, strings.Repeat("]", depth)))
	}
}

func worst(number int, annotations, spec string) []byte {
	return review(fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p-%d","annotations":{"%s":"true"%s}},"spec":{%s}}`,
		number, asks, annotations, spec), number)
}
