package app

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// proposal is what somebody wants to change of the configuration of a cluster's injector.
type proposal struct {
	files configuration.Files
	over  configuration.Overrides
}

func (p *proposal) add(flags *pflag.FlagSet) {
	flags.StringVar(&p.files.Config, "config", "", "`file` with a proposed injection configuration (default: the cluster's)")
	flags.StringVar(&p.files.Values, "values", "", "`file` with proposed values")
	flags.StringVar(&p.files.Profile, "profile", "", "`folder` of a proposed profile")
	flags.StringArrayVar(&p.over.Set, "set", nil, "a proposed value, as `key.key=value`, the value in YAML; may be repeated")
	flags.StringArrayVar(&p.over.Templates, "template", nil, "`file` with a proposed template; may be repeated")
}

// any says that something is proposed.
func (p *proposal) any() bool {
	return p.files.Config != "" || p.files.Values != "" || p.files.Profile != "" || len(p.over.Set)+len(p.over.Templates) > 0
}

// config returns the configuration that the injector would have, with nothing proposed the one that it has.
func (p *proposal) config(ctx context.Context, injector *installed.Injector) (*webhook.Config, error) {
	if !p.any() {
		return injector.Config, nil
	}
	in, err := p.files.Over(ctx, injector.Inputs)
	if err != nil {
		return nil, err
	}
	return p.over.Apply(in)
}
