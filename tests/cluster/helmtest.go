package cluster

import (
	"errors"
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
)

// TestChart runs `helm test --logs` on a release, which takes a node, and returns the logs. The error is that the test failed.
func (c *Cluster) TestChart(o ChartOptions) (logs string, err error) {
	o = c.chartDefaults(o)
	helm, err := c.helm(o.Namespace)
	if err != nil {
		return "", fmt.Errorf("set up Helm: %w", err)
	}
	test := action.NewReleaseTesting(helm)
	test.Namespace, test.Timeout = o.Namespace, startTimeout
	release, end, err := test.Run(o.Release)
	if err != nil {
		err = fmt.Errorf("test release %q: %w", o.Release, err)
	}
	var out strings.Builder
	if release, ok := release.(*releasev1.Release); ok {
		err = errors.Join(err, test.GetPodLogs(&out, release))
	}
	return out.String(), errors.Join(err, end())
}
