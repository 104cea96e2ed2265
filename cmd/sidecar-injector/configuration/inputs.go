package configuration

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/samples"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Inputs are what a configuration is made of.
type Inputs struct {
	// Config and Values are the keys of those names of the ConfigMap, in YAML; each may be empty.
	Config, Values []byte
	// Profile is a profile of one's own: its files by name, as one object in YAML (templates.ParseProfile). Empty: the
	// built-in one that the configuration names.
	Profile []byte
	// Sources are the data of ConfigMaps of the mesh from which the profile takes values, by name (templates.Source).
	Sources map[string]map[string]string
	// Istio is what an Istio installation says; nil if none is watched.
	Istio *istio.Sources

	// unusable is what is wrong with where they come from, so that Parse does not look at them. Nil: nothing.
	unusable error
	// written is what somebody wrote, if the inputs were made of that: the lines of errors are of it. Nil: it is these.
	written *Inputs
}

// Parse makes the configuration, and refuses one whose default templates, or those of an alias, fail on the sample pods
// (samples.Check). The inputs must not be changed afterwards. Errors are *webhook.ConfigError, those of istio.Load, or say
// what is wrong with the ConfigMap (FromConfigMap).
func (in *Inputs) Parse() (*webhook.Config, error) {
	config, err := in.Read()
	if err == nil {
		err = in.locate(samples.Check(config.Engine()))
	}
	if err != nil {
		return nil, err
	}
	return config, nil
}

// Read is Parse that injects no pod, for those who do so themselves.
func (in *Inputs) Read() (*webhook.Config, error) {
	config, err := in.parse()
	if err != nil {
		return nil, in.locate(err)
	}
	return config, nil
}

func (in *Inputs) parse() (*webhook.Config, error) {
	if in.unusable != nil {
		return nil, in.unusable
	}
	file, err := webhook.ParseFile(in.Config)
	if err != nil {
		return nil, err
	}
	if file.Profile != istio.ProfileName {
		profile, err := in.profile(file)
		if err != nil {
			return nil, err
		}
		return webhook.ParseWith(profile, in.Config, in.Values)
	}
	if in.Istio == nil {
		return nil, &webhook.ConfigError{Source: webhook.SourceConfig, Path: "profile",
			Err: errors.New("profile istio needs what an Istio installation says: --inject-config names its files, --istio-namespace of serve where its ConfigMaps are")}
	}
	if len(bytes.TrimSpace(in.Values)) > 0 && string(bytes.TrimSpace(in.Values)) != "{}" {
		return nil, &webhook.ConfigError{Source: webhook.SourceValues,
			Err: errors.New("with the profile istio they stand in Istio's own ConfigMap")}
	}
	return in.parseIstio(file)
}

// BaseProfile returns the profile on which the configuration is laid, one's own or a built-in one; not Istio's.
func (in *Inputs) BaseProfile() (*templates.Profile, error) {
	file, err := webhook.ParseFile(in.Config)
	if err != nil {
		return nil, err
	}
	return in.profile(file)
}

// profile returns the profile, one's own or the built-in one that the file names, with the values of its sources.
func (in *Inputs) profile(file webhook.ConfigFile) (*templates.Profile, error) {
	profile, err := file.BuiltinProfile()
	if len(in.Profile) > 0 {
		files := map[string]string{}
		if err := strictyaml.Read(in.Profile, &files); err != nil {
			return nil, &webhook.ConfigError{Source: webhook.SourceProfile, Err: err}
		}
		if profile, err = templates.ParseProfile(files); err != nil {
			return nil, &webhook.ConfigError{Source: webhook.SourceProfile, Err: err}
		}
	}
	if err != nil {
		return nil, err
	}
	return profile.WithSources(in.Sources)
}

// origin returns what somebody wrote.
func (in *Inputs) origin() *Inputs {
	if in.written != nil {
		return in.written
	}
	return in
}

// locate returns an error about a field with the line on which the field was written, if it was.
func (in *Inputs) locate(err error) error {
	wrong, ok := errors.AsType[*webhook.ConfigError](err)
	if !ok || wrong.Path == "" {
		return err
	}
	located, text := *wrong, in.origin().Config
	if wrong.Source == webhook.SourceValues {
		text = in.origin().Values
	}
	located.Line = strictyaml.Line(text, wrong.Path)
	return &located
}

// Hash is a number made of what the inputs hold, the same where Equal says so. It has 48 bits, so that a float64, as
// metrics are, holds it exactly. The inputs are not changed.
func (in *Inputs) Hash() uint64 {
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%q %q %q %q", in.Config, in.Values, in.Profile, in.Sources) // a hash takes everything
	if in.Istio != nil {
		sources := *in.Istio
		versions := make([]string, 0, len(sources.ProxyConfigs)) // which are in any order
		for _, c := range sources.ProxyConfigs {
			versions = append(versions, string(c.UID)+" "+c.ResourceVersion)
		}
		slices.Sort(versions)
		sources.ProxyConfigs = nil
		_, _ = fmt.Fprintf(hash, " %+v %q", sources, versions)
	}
	return binary.BigEndian.Uint64(hash.Sum(nil)) >> 16
}

// Equal says whether two inputs are the same; ProxyConfigs are if their versions
// are.
func (in *Inputs) Equal(other *Inputs) bool {
	if !errorsEqual(in.unusable, other.unusable) || !bytes.Equal(in.Config, other.Config) || !bytes.Equal(in.Values, other.Values) ||
		!bytes.Equal(in.Profile, other.Profile) || !reflect.DeepEqual(in.Sources, other.Sources) || (in.Istio == nil) != (other.Istio == nil) {
		return false
	}
	if in.Istio == nil {
		return true
	}
	a, b := *in.Istio, *other.Istio
	same := slices.EqualFunc(a.ProxyConfigs, b.ProxyConfigs, func(a, b istio.ProxyConfig) bool {
		return a.UID == b.UID && a.ResourceVersion == b.ResourceVersion
	})
	a.ProxyConfigs, b.ProxyConfigs = nil, nil
	return same && reflect.DeepEqual(a, b)
}
