package templates

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// ValueRule says what values of a profile have to be besides their type, so that a configuration by which every pod would
// come out wrong is refused when it is loaded. Of a list, each element is checked.
type ValueRule struct {
	// Values are the dotted paths of the values concerned.
	Values []string `json:"values"`
	// Min and Max bound a number. Nil: no bound.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	// OneOf lists the texts that are allowed. Empty: any.
	OneOf []string `json:"oneOf,omitempty"`
	// Is names what a text or an object has to be: image, resources, host (a DNS name or an IP address, or empty), protocol (of
	// HTTP), text (without control characters), or a function of templates that checks a text, such as seconds and ports.
	// Empty: anything.
	Is string `json:"is,omitempty"`
}

// checkValueRules returns a *ValueError about the first value that breaks a rule.
func checkValueRules(rules []ValueRule, values map[string]any) error {
	for i := range rules {
		for _, path := range rules[i].Values {
			value := valueAt(values, path)
			all, isList := value.([]any)
			if !isList {
				all = []any{value}
			}
			for _, one := range all {
				if one == nil { // removed, and templates say so where they need it
					continue
				}
				if at, problem := rules[i].check(one); problem != "" {
					return &ValueError{Path: path + at, Problem: problem}
				}
			}
		}
	}
	return nil
}

// check says what is wrong with a value, and at which path below its own; the problem is empty if nothing is.
func (r *ValueRule) check(value any) (at, problem string) {
	number, isNumber := numberOf(value)
	if !isNumber && (r.Min != nil || r.Max != nil) {
		return "", fmt.Sprintf("is %s, want a number, %s", strictyaml.Kind(value), r.bounds())
	}
	if r.Min != nil && number < *r.Min || r.Max != nil && number > *r.Max {
		return "", fmt.Sprintf("is %v, want %s", value, r.bounds())
	}
	text, isText := value.(string)
	if !isText && r.Is != "" && r.Is != "resources" {
		return "", fmt.Sprintf("is %s, want a string", strictyaml.Kind(value))
	}
	if isText && len(r.OneOf) > 0 && !slices.Contains(r.OneOf, text) {
		return "", fmt.Sprintf("is %q, want one of %s", text, strings.Join(r.OneOf, ", "))
	}
	switch r.Is {
	case "":
		return "", ""
	case "resources":
		return resourcesProblem(value)
	case "image":
		if broken := checkImage("", map[string]any{"image": text}); broken != nil {
			return "", "is wrong: " + broken.problem
		}
		return "", ""
	case "host", "protocol", "text":
		return "", textProblem(r.Is, text)
	}
	return "", listProblem(r.Is, text)
}

// protocol is what RFC 9110 (section 7.8) has for a protocol: a name, and perhaps its version.
var protocol = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+(/[A-Za-z0-9!#$%&'*+.^_`|~-]+)?$")

// textProblem checks a text that stands in the proxy's configuration.
func textProblem(kind, text string) string {
	switch {
	case kind == "host" && text != "" && len(validation.IsDNS1123Subdomain(text)) > 0 && !isAddress(text):
		return fmt.Sprintf("is %q, want a DNS name or an IP address", text)
	case kind == "protocol" && !protocol.MatchString(text):
		return fmt.Sprintf("is %q, want the name of a protocol, such as websocket", text)
	case kind == "text" && strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Sprintf("is %q, want a text without control characters", text)
	}
	return ""
}

// isAddress says that a text is an IP address, and none that is mapped: an IPv4 address is written as one.
func isAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && !address.Is4In6() && address.Zone() == ""
}

// listProblem is what a checking function of templates says of a text.
func listProblem(function, text string) string {
	check, ok := functions()[function].(func(key, value string) (string, error))
	if !ok {
		return fmt.Sprintf("cannot be checked: there is no function %q", function)
	}
	_, err := check("", text)
	if input, ok := errors.AsType[*InputError](err); ok {
		return "is wrong: " + input.Problem
	}
	return ""
}

// resourcesProblem checks the resources of a container as the rules of injected pods do.
func resourcesProblem(value any) (at, problem string) {
	for _, kind := range resourceKinds {
		amounts := asObject(valueAt(asObject(value), kind))
		for _, name := range slices.Sorted(maps.Keys(amounts)) {
			if amounts[name] == nil {
				continue
			}
			if problem := resourceProblem(name, amounts[name]); problem != "" {
				return "." + kind + "." + name, "is wrong: " + problem
			}
		}
	}
	if broken := checkResources("", map[string]any{"resources": value}); broken != nil {
		return strings.TrimPrefix(broken.field, "resources"), "is wrong: " + broken.problem
	}
	return "", ""
}

// numberOf returns a decoded number.
func numberOf(value any) (number float64, ok bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}

func (r *ValueRule) bounds() string {
	switch {
	case r.Max == nil:
		return fmt.Sprintf("%.0f or more", *r.Min)
	case r.Min == nil:
		return fmt.Sprintf("%.0f or less", *r.Max)
	}
	return fmt.Sprintf("%.0f to %.0f", *r.Min, *r.Max)
}
