// Package manifests holds no code: the Helm chart is in sidecar-injector/, and install.yaml, for plain kubectl, is
// made from it by `make manifests`. Its tests read install.yaml as an API server would.
package manifests
