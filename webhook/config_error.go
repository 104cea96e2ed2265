package webhook

import (
	"errors"
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// The sources of a configuration.
const (
	SourceConfig = "config"
	SourceValues = "values"
	// SourceProfile is a profile of one's own.
	SourceProfile = "profile"
)

// ConfigError says what is wrong in a configuration, and where. Its text is one line.
type ConfigError struct {
	// Source is SourceConfig, SourceValues or SourceProfile.
	Source string
	// Path leads to the field, such as neverInjectSelector[0].matchLabels or proxy.image; empty if it is about the whole
	// or what is no YAML.
	Path string
	// Line counts from 1 in the source; 0: it is not known.
	Line int
	// Suggestion is the name that was perhaps meant; the text has it too. Empty: none.
	Suggestion string
	// Err is a sentence that names the field and what is allowed there. A *templates.Error in it is about a template that
	// did not load.
	Err error
}

func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return quote.Text(fmt.Sprintf("%s: %s", e.Source, e.Err))
	}
	return quote.Text(fmt.Sprintf("%s: line %d: %s", e.Source, e.Line, e.Err))
}

// Unwrap returns the sentence.
func (e *ConfigError) Unwrap() error { return e.Err }

// badField makes an error of a field of the configuration.
func badField(path, format string, values ...any) *ConfigError {
	return &ConfigError{Source: SourceConfig, Path: path, Err: fmt.Errorf(format, values...)}
}

// configError makes an error of one of reading a source.
func configError(source string, err error) *ConfigError {
	wrong, ok := errors.AsType[*strictyaml.Error](err)
	if !ok {
		return &ConfigError{Source: source, Err: err}
	}
	return &ConfigError{Source: source, Path: wrong.Path, Line: wrong.Line, Suggestion: wrong.Suggestion, Err: errors.New(wrong.Problem)}
}

// engineError makes an error of one of templates.New.
func engineError(err error, file *ConfigFile) *ConfigError {
	if wrong, ok := errors.AsType[*templates.ValueError](err); ok {
		return &ConfigError{Source: SourceValues, Path: wrong.Path, Suggestion: wrong.Suggestion, Err: err}
	}
	made := &ConfigError{Source: SourceConfig, Err: err}
	if wrong, ok := errors.AsType[*templates.OptionError](err); ok {
		made.Path = wrong.Path
	}
	if broken, ok := errors.AsType[*templates.Error](err); ok {
		if _, ours := file.Templates[broken.Template]; ours {
			made.Path = "templates." + broken.Template
		}
	}
	return made
}

// locate returns an error with the line of its field, if it is a *ConfigError without one.
func locate(err error, config, values []byte) error {
	wrong, ok := errors.AsType[*ConfigError](err)
	if !ok || wrong.Line > 0 {
		return err
	}
	text := config
	if wrong.Source == SourceValues {
		text = values
	}
	located := *wrong
	located.Line = strictyaml.Line(text, wrong.Path)
	return &located
}
