package lint

import (
	"context"
	"errors"
	"maps"
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

// Run checks the sources. An error says that they cannot be read at all; whatever else is wrong is a finding. Pods are
// only rendered by what loads.
func Run(ctx context.Context, sources Sources) ([]Finding, error) {
	return run(ctx, sources, patience)
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
		config, err := l.over.Apply(&l.in)
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
		found := l.broken(name, problem, Finding{Severity: Error, Remedy: "mend the template; until then the last good configuration stays in use"})
		return found, func() bool { return l.removeTemplate(name) }
	}
	if problem, ok := errors.AsType[*templates.ValueError](err); ok {
		return l.value(problem)
	}
	text := strings.TrimPrefix(err.Error(), "parse "+l.sources.Files.Config+": ")
	text, ofIstio := strings.CutPrefix(text, "read the configuration of Istio: ")
	part, problem, _ := strings.Cut(text, ": ")
	finding := Finding{Rule: "configuration", Severity: Error, Message: problem}
	var origin *source
	switch {
	case part == "config" && ofIstio:
		origin = l.origins.istio
	case part == "config":
		origin, remove = l.origins.config, func() bool { return removeField(&l.in.Config, pathIn(problem)) }
	case part == "values":
		origin, finding.Rule = l.origins.values, "values"
	case part == "mesh":
		origin = l.origins.mesh
	}
	if origin == nil {
		return nil, nil
	}
	finding.File, finding.Remedy = origin.file, remedyFor(origin, problem)
	finding.Line, finding.Column = placeIn(origin, problem)
	finding.Message = lineForm.ReplaceAllString(problem, "")
	return []Finding{finding}, remove
}

// remedyFor says what to do about a problem of a file in YAML.
func remedyFor(origin *source, problem string) string {
	if name := suggested(problem); name != "" {
		return "write " + name + ", or take the field out"
	}
	if found := lineForm.FindStringSubmatchIndex(problem); found != nil {
		if strings.Contains(problem, "cannot start any token") && strings.Contains(origin.text, "\t") {
			return "indent with blanks: YAML takes no tabs"
		}
		return "mend the YAML"
	}
	return "take what is allowed there"
}

// suggested returns the name, in quotes, that a message suggests; empty if it suggests none.
func suggested(message string) string {
	_, suggestion, _ := strings.Cut(message, "(did you mean ")
	name, _, _ := strings.Cut(suggestion, "?)")
	return name
}

// value is the finding of a value that the profile does not take: of a flag, if one sets it, otherwise of a file.
func (l *loader) value(problem *templates.ValueError) (found []Finding, remove func() bool) {
	finding := Finding{Rule: "values", Severity: Error, Message: problem.Error(), Remedy: "take a name and a type that the profile's values have"}
	if name := suggested(problem.Problem); name != "" {
		finding.Remedy = "write " + name
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
		findings = append(findings, l.broken(name, problem, Finding{Severity: Warning, Remedy: "pods that name the template are refused: mend or remove it"})...)
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
	found := &source{file: "profile/" + templates.DefaultProfile + "/" + name + ".yaml"}
	if builtin, err := templates.BuiltinProfile(templates.DefaultProfile); err == nil {
		found.text = builtin.Templates[name]
	}
	return found
}
