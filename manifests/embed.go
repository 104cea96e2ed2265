// Package manifests holds the Helm chart, and what is generated from it for plain kubectl.
package manifests

import _ "embed"

// Install is install.yaml: every object of an installation with the chart's defaults.
//
//go:embed install.yaml
var Install []byte
