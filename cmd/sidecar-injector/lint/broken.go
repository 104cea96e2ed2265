package lint

import (
	"errors"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// maxBroken bounds how many errors are looked for in one template.
const maxBroken = 20

// broken are the findings of a template that does not load: the problem, and what comes to light without what it is about.
// base has what they have in common.
func (l *loader) broken(name string, problem *templates.Error, base Finding) []Finding {
	origin, profile := l.template(name), l.profile()
	text := origin.text
	var findings []Finding
	for range maxBroken {
		finding := base
		finding.Rule, finding.Message = "template", problem.Err.Error()
		if problem.Action != "" {
			finding.Message = problem.Action + ": " + finding.Message
		}
		if name := suggested(finding.Message); name != "" {
			finding.Remedy = "write " + name
		}
		finding.at(origin, problem)
		findings = append(findings, finding)
		rest, ok := without(text, problem)
		if !ok || profile == nil {
			return findings
		}
		text = rest
		if problem = problemOf(profile, name, text); problem == nil {
			return findings
		}
	}
	return findings
}

// problemOf returns why a text does not load as a template of a profile; nil if it does.
func problemOf(profile *templates.Profile, name, text string) *templates.Error {
	alone := *profile
	alone.Templates, alone.DefaultTemplates, alone.Aliases = map[string]string{name: text}, []string{name}, nil
	_, err := templates.New(templates.Options{Profile: &alone})
	problem, _ := errors.AsType[*templates.Error](err)
	return problem
}

// without returns the text without what the problem is about: an unknown function is replaced by a known one, an action by a
// word as long as it is. ok is false where that cannot be done.
func without(text string, problem *templates.Error) (rest string, ok bool) {
	if problem.Function != "" {
		rest = callForm(problem.Function).ReplaceAllString(text, "${1}print")
		return rest, rest != text
	}
	lines := strings.Split(text, "\n")
	if problem.Action == "" || problem.Line < 1 || problem.Line > len(lines) {
		return "", false
	}
	line := lines[problem.Line-1]
	start, end, ok := culprit(line, problem)
	if !ok || !strings.HasPrefix(line[start:], "{{") {
		return "", false
	}
	lines[problem.Line-1] = line[:start] + strings.Repeat("x", end-start) + line[end:]
	return strings.Join(lines, "\n"), true
}

// profile returns the profile of what is left of the sources; nil if there is none.
func (l *loader) profile() *templates.Profile {
	if l.in.Istio != nil {
		installation, err := istio.Load(*l.in.Istio)
		if err != nil {
			return nil
		}
		return installation.Profile
	}
	profile, err := l.in.BaseProfile()
	if err != nil {
		return nil
	}
	return profile
}

// removeTemplate takes a template out of what is left.
func (l *loader) removeTemplate(name string) bool {
	before := len(l.over.Templates)
	l.over.Templates = slices.DeleteFunc(l.over.Templates, func(path string) bool { return configuration.TemplateName(path) == name })
	if len(l.over.Templates) < before {
		return true
	}
	file, err := webhook.ParseFile(l.in.Config)
	if err != nil {
		return false
	}
	if file.Templates == nil {
		file.Templates = map[string]string{}
	}
	file.Templates[name] = ""
	encoded, err := yaml.Marshal(file)
	l.in.Config = encoded
	return err == nil
}

// removeField takes the field of a configuration out that a path begins with, or the alias or the setting of the policy
// that it names.
func removeField(config *[]byte, path string) bool {
	section, key, _ := strings.Cut(path, ".")
	if section == "podPolicy" {
		key, _, _ = strings.Cut(key, "[")
	}
	if key != "" && (section == "aliases" || section == "podPolicy") {
		return removeAt(config, func(fields map[string]any) bool {
			inner, ok := fields[section].(map[string]any)
			delete(inner, key)
			return ok
		})
	}
	if end := strings.IndexAny(path, ".["); end > 0 {
		path = path[:end]
	}
	if path == "profile" { // what is right depends on it
		return false
	}
	return removeAt(config, func(fields map[string]any) bool {
		_, there := fields[path]
		delete(fields, path)
		return there
	})
}

// removeValue takes the value at a path of keys joined by dots out; a key may have dots in it.
func removeValue(values *[]byte, path string) bool {
	return removeAt(values, func(fields map[string]any) bool { return removePath(fields, path) })
}

func removePath(fields map[string]any, path string) bool {
	for key, value := range fields {
		if key == path {
			delete(fields, key)
			return true
		}
		inner, ok := value.(map[string]any)
		if rest, below := strings.CutPrefix(path, key+"."); ok && below && removePath(inner, rest) {
			return true
		}
	}
	return false
}

// removeAt changes YAML as a map; the function says whether it changed it.
func removeAt(text *[]byte, remove func(map[string]any) bool) bool {
	fields := map[string]any{}
	if yaml.Unmarshal(*text, &fields) != nil || !remove(fields) {
		return false
	}
	encoded, err := yaml.Marshal(fields)
	if err != nil {
		return false
	}
	*text = encoded
	return true
}
