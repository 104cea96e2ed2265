package lint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Sources are what is checked. The zero value is the built-in profile.
type Sources struct {
	Files configuration.Files
	Over  configuration.Overrides
	// Webhooks is a file with the webhook configuration that is installed with them, compared if it is named.
	Webhooks string
}

// maxProblems bounds how many errors of loading are looked for.
const maxProblems = 100

// loader loads a configuration again and again, each time without what was wrong with it before, so that all is found that
// is wrong and not only what is met first.
type loader struct {
	sources Sources
	origins origins
	// in and over are what is left of the sources.
	in   configuration.Inputs
	over configuration.Overrides
}

// load returns the configuration, or what keeps it from loading.
func (l *loader) load(ctx context.Context) (*webhook.Config, []Finding, error) {
	l.origins = l.sources.origins()
	in, err := l.sources.Files.Inputs(ctx)
	if err != nil {
		if found, _ := l.explain(err); len(found) > 0 {
			return nil, found, nil
		}
		return nil, nil, err
	}
	l.in, l.over = *in, configuration.Overrides{Set: slices.Clone(l.sources.Over.Set), Templates: slices.Clone(l.sources.Over.Templates)}
	var findings []Finding
	for len(findings) < maxProblems {
		config, err := l.over.Read(&l.in)
		if err == nil && len(findings) == 0 {
			return config, nil, nil
		}
		if err == nil {
			return nil, append(findings, l.quarantined(config)...), nil
		}
		found, remove := l.explain(err)
		if len(found) == 0 && len(findings) == 0 {
			return nil, nil, err
		}
		if len(found) == 0 || slices.Contains(findings, found[0]) {
			return nil, findings, nil
		}
		findings = append(findings, found...)
		if remove == nil || !remove() {
			return nil, findings, nil
		}
	}
	return nil, findings, nil
}

// explain makes findings of an error of loading, none if no source is at fault; remove takes what is wrong out of what is
// left, and says whether it could. It is nil if that cannot be done.
func (l *loader) explain(err error) (found []Finding, remove func() bool) {
	if problem, ok := errors.AsType[*templates.Error](err); ok {
		name := problem.Template
		found := l.broken(name, problem, Finding{Severity: Error, Remedy: "correct the template: until then the last good configuration stays in use"})
		return found, func() bool { return l.removeTemplate(name) }
	}
	if problem, ok := errors.AsType[*webhook.ConfigError](err); ok {
		return l.config(problem)
	}
	if problem, ok := errors.AsType[*istio.SourceError](err); ok {
		origin := map[string]*source{"config": l.origins.istio, "values": l.origins.values, "mesh": l.origins.mesh}[problem.Source]
		finding := Finding{Rule: "configuration", Severity: Error, Message: problem.Err.Error()}
		return finding.in(origin, problem.Path, problem.Line, ""), nil
	}
	return nil, nil
}

// config is the finding of an error in the configuration or its values: of a flag, if one sets the value, otherwise of a
// file.
func (l *loader) config(problem *webhook.ConfigError) (found []Finding, remove func() bool) {
	finding := Finding{Rule: "configuration", Severity: Error, Message: problem.Err.Error()}
	if problem.Source != webhook.SourceValues {
		return finding.in(l.origins.config, problem.Path, problem.Line, problem.Suggestion),
			func() bool { return removeField(&l.in.Config, problem.Path) }
	}
	finding.Rule = "values"
	if problem.Path == "" {
		return finding.in(l.origins.values, "", problem.Line, ""), nil
	}
	finding.Remedy = "take a name and a type that the profile's values have"
	if problem.Suggestion != "" {
		finding.Remedy = fmt.Sprintf("write %q", problem.Suggestion)
	}
	for i, set := range slices.Backward(l.over.Set) {
		key, _, _ := strings.Cut(set, "=")
		key = strings.ReplaceAll(key, `\.`, ".")
		if key == problem.Path || strings.HasPrefix(key, problem.Path+".") || strings.HasPrefix(problem.Path, key+".") {
			finding.Message = "--set " + set + ": " + finding.Message
			return []Finding{finding}, func() bool { l.over.Set = slices.Delete(l.over.Set, i, i+1); return true }
		}
	}
	if l.origins.values != nil {
		finding.File = l.origins.values.file
		finding.Line, finding.Column = l.origins.values.find(problem.Path)
	}
	return []Finding{finding}, func() bool { return removeValue(&l.in.Values, problem.Path) }
}

// quarantined are the findings of templates that do not load and that no default uses.
func (l *loader) quarantined(config *webhook.Config) []Finding {
	var findings []Finding
	broken := config.Engine().Quarantined()
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		problem, ok := errors.AsType[*templates.Error](broken[name])
		if !ok {
			problem = &templates.Error{Template: name, Err: broken[name]}
		}
		findings = append(findings, l.broken(name, problem, Finding{Severity: Warning, Remedy: "pods that name the template are refused: correct or remove it"})...)
	}
	return findings
}

// template returns the source of a template.
func (l *loader) template(name string) *source {
	for _, path := range slices.Backward(l.sources.Over.Templates) {
		if configuration.TemplateName(path) == name {
			if found := newSource(path); found != nil {
				return found
			}
		}
	}
	for _, origin := range []*source{l.origins.config, l.origins.istio} {
		if found := origin.scalar("templates", name); found != nil {
			return found
		}
	}
	if folder := l.sources.Files.Profile; folder != "" {
		if found := newSource(filepath.Join(folder, "templates", name+".yaml")); found != nil {
			return found
		}
	}
	found := &source{file: "profile/" + templates.DefaultProfile + "/" + name + ".yaml"}
	if profile := l.profile(); profile != nil {
		found.file, found.text = "profile/"+profile.Name+"/"+name+".yaml", profile.Templates[name]
	}
	return found
}
