package webhook

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// ParseIstio makes a configuration of an Istio installation's own. What the file sets is ours: it replaces what the
// installation says of policy and selectors, its templates and aliases are laid over the installation's, and its
// namespaces are excluded too. The zero value changes nothing. The revision is that of the file, or else of the
// sources. The error is one line that names source and field.
//
// The file's profile must be empty or "istio".
func ParseIstio(sources istio.Sources, file ConfigFile) (*Config, error) {
	if file.Profile != "" && file.Profile != istio.ProfileName {
		return nil, fmt.Errorf("config: profile %q does not take the configuration of Istio, want %q", file.Profile, istio.ProfileName)
	}
	sources.Revision = cmp.Or(file.Revision, sources.Revision)
	installation, err := istio.Load(sources)
	if err != nil {
		return nil, fmt.Errorf("read the configuration of Istio: %w", err)
	}
	file.Revision = sources.Revision
	file.Policy = cmp.Or(file.Policy, installation.Policy)
	if len(file.NeverInjectSelector) == 0 {
		file.NeverInjectSelector = installation.NeverInject
	}
	if len(file.AlwaysInjectSelector) == 0 {
		file.AlwaysInjectSelector = installation.AlwaysInject
	}
	file.ExcludedNamespaces = slices.Concat(file.ExcludedNamespaces, installation.ExcludedNamespaces)
	return newConfig(installation.Profile, file, nil)
}
