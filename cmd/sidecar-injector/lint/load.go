package lint

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Sources are what is checked. The zero value is the built-in profile.
type Sources struct {
	Files configuration.Files
	Over  configuration.Overrides
}

// Run checks the sources. An error says that they cannot be read at all; whatever else is wrong is a finding.
func Run(ctx context.Context, sources Sources) ([]Finding, error) {
	config, err := sources.Files.Load(ctx, sources.Over)
	if err != nil {
		finding, ok := sources.explain(err)
		if !ok {
			return nil, err
		}
		return []Finding{finding}, nil
	}
	var findings []Finding
	for _, name := range slices.Sorted(maps.Keys(config.Engine().Quarantined())) {
		findings = append(findings, sources.quarantined(config, name))
	}
	rendered, err := render(ctx, config)
	if err != nil {
		return nil, err
	}
	for _, finding := range rendered {
		findings = append(findings, sources.place(config, finding))
	}
	return sorted(findings), nil
}

// explain makes a finding of an error of loading; ok is false if no file is at fault.
func (s *Sources) explain(err error) (finding Finding, ok bool) {
	if template, ok := errors.AsType[*templates.Error](err); ok {
		finding := Finding{Rule: "template", Severity: Error, Message: template.Err.Error(), Remedy: "mend the template; until then the last good configuration stays in use"}
		finding.File, finding.Line, finding.Column = s.templatePlace(nil, template.Template, template.Line)
		return finding, true
	}
	if value, ok := errors.AsType[*templates.ValueError](err); ok {
		finding := Finding{Rule: "values", Severity: Error, Message: value.Error(), Remedy: "take a name and a type that the profile's values have"}
		finding.File = s.Files.Values
		finding.Line, finding.Column = positionOf(s.Files.Values, strings.Split(value.Path, "."))
		return finding, true
	}
	if problem, found := strings.CutPrefix(lastPart(err, "config: "), "config: "); found && s.Files.Config != "" {
		finding := Finding{Rule: "configuration", Severity: Error, File: s.Files.Config, Message: problem, Remedy: "take what is allowed there"}
		finding.Line, finding.Column = positionOf(s.Files.Config, []string{fieldIn(problem)})
		return finding, true
	}
	if problem, found := strings.CutPrefix(lastPart(err, "values: "), "values: "); found && s.Files.Values != "" {
		return Finding{Rule: "values", Severity: Error, File: s.Files.Values, Line: lineIn(problem), Message: problem, Remedy: "write YAML with one mapping"}, true
	}
	return Finding{}, false
}

// lastPart returns an error's text from a prefix on.
func lastPart(err error, prefix string) string {
	text := err.Error()
	if at := strings.Index(text, prefix); at >= 0 {
		return text[at:]
	}
	return text
}

// quarantined is the finding of a template that does not load and that no default uses.
func (s *Sources) quarantined(config *webhook.Config, name string) Finding {
	err := config.Engine().Quarantined()[name]
	finding := Finding{Rule: "template", Severity: Warning, Message: err.Error(), Remedy: "pods that name the template are refused: mend or remove it"}
	line := 0
	if template, ok := errors.AsType[*templates.Error](err); ok {
		finding.Message, line = template.Err.Error(), template.Line
	}
	finding.File, finding.Line, finding.Column = s.templatePlace(config, name, line)
	return finding
}

// place says where a finding of a rendered pod has its cause. Its File is the name of a template, its Line one of that
// template; both may be lacking.
func (s *Sources) place(config *webhook.Config, finding Finding) Finding {
	if finding.File != "" {
		finding.File, finding.Line, finding.Column = s.templatePlace(config, finding.File, finding.Line)
	}
	return finding
}

// templatePlace returns the file that a template stands in, and where in it the template's line is.
func (s *Sources) templatePlace(config *webhook.Config, name string, line int) (file string, at, column int) {
	for _, path := range slices.Backward(s.Over.Templates) {
		if strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) == name {
			return path, line, 0
		}
	}
	for _, path := range []string{s.Files.Config, s.Files.InjectConfig} {
		if start := blockStart(path, []string{"templates", name}); start > 0 {
			if line > 0 {
				start += line
			}
			return path, start, 0
		}
	}
	profile := templates.DefaultProfile
	if config != nil {
		profile = config.Engine().Profile().Name
	}
	return "profile/" + profile + "/" + name + ".yaml", line, 0
}
