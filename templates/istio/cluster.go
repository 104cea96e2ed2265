package istio

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// environment returns what the proxy is told of where it is. The first that says something wins:
//
//	cluster  the URL's path (cluster), values.global.multiCluster.clusterName
//	network  the pod's label, the URL's path (net), values.global.network
//	others   the URL's path, by the variable's name in any case
func (i *injector) environment(in *templates.Injection) map[string]string {
	environment := map[string]string{}
	for key, value := range in.Path {
		switch key {
		case "cluster":
			environment[envClusterID] = value
		case "net":
			environment[envNetwork] = value
		default:
			environment[strings.ToUpper(key)] = value
		}
	}
	said := func(name string, values ...string) {
		if value := cmp.Or(values...); value != "" {
			environment[name] = value
		}
	}
	said(envClusterID, environment[envClusterID], i.values.known.Global.MultiCluster.ClusterName)
	said(envNetwork, in.Data.ObjectMeta.Labels[labelNetwork], environment[envNetwork], i.values.known.Global.Network)
	return environment
}

// setCluster puts the environment into the proxy's, behind all else.
func setCluster(pod templates.Pod, environment map[string]string) {
	proxy := proxyOf(pod)
	if proxy == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		setVariable(proxy, name, environment[name])
	}
}
