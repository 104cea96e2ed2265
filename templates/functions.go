package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// functions returns the functions that templates may call: those of sprig in ofSprig, and:
//
//	annotation META KEY DEFAULT   the annotation's value, or DEFAULT as a string (Istio's)
//	isset MAP KEY                 whether the map has the key (Istio's)
//	toJSON VALUE                  VALUE as JSON, which is a value in YAML too, whatever it contains (Istio's)
//	toYaml VALUE                  VALUE as block YAML without the last line break
//	ports KEY VALUE               VALUE, checked: "", "*", or ports separated by commas
//	cidrs KEY VALUE               VALUE, checked: "", "*", or IP ranges separated by commas
//	excludedPorts KEY VALUE       VALUE, checked: as ports, but for "*"
//	excludedCIDRs KEY VALUE       VALUE, checked: as cidrs, but for "*"
//	interfaces KEY VALUE          VALUE, checked: network interface names separated by commas
//	quantity KEY VALUE            VALUE, checked: a Kubernetes quantity such as 100m or 64Mi, not negative
//	seconds KEY VALUE             VALUE, checked: a time as Protocol Buffers write it in JSON, such as 30s or 0.5s
//	positiveSeconds KEY VALUE     VALUE, checked: as seconds, but longer than 0s
//	isSeconds VALUE               whether it is one
//	wholeNumber KEY VALUE         VALUE, checked: a whole number from 0 to 9999
//	oneOf KEY VALUE ALLOWED...    VALUE, checked: one of those allowed
//	allowed KEY VALUE OK WANT     VALUE, checked: whether OK is true; WANT says in words what is
//	refuse KEY PROBLEM            refuses the pod: PROBLEM tells its author what is wrong, with the annotation KEY if it is not ""
//
// and those of listFunctions, wordFunctions, unitFunctions and objectFunctions. The checks fail with an *InputError that names the
// annotation KEY.
func functions() template.FuncMap {
	functions := sprigFunctions()
	functions["annotation"] = annotation
	functions["isset"] = func(m map[string]string, key string) bool { _, ok := m[key]; return ok }
	functions["toJSON"] = toJSON
	functions["toYaml"] = toYAML
	functions["ports"] = checkedList("a port (1 to 65535)", isPort, "*")
	functions["cidrs"] = checkedList("an IP range such as 10.0.0.0/8", isCIDR, "*")
	functions["excludedPorts"] = checkedList("a port (1 to 65535)", isPort)
	functions["excludedCIDRs"] = checkedList("an IP range such as 10.0.0.0/8", isCIDR)
	functions["interfaces"] = checkedList("the name of a network interface (no pattern)", isInterface)
	functions["quantity"] = quantity
	functions["seconds"] = func(key, value string) (string, error) {
		return allowed(key, value, seconds.MatchString(value), "a time in seconds, such as 30s or 0.5s")
	}
	functions["positiveSeconds"] = func(key, value string) (string, error) {
		positive := seconds.MatchString(value) && strings.Trim(value, "0.s") != ""
		return allowed(key, value, positive, "a time in seconds that is longer than 0s, such as 30s or 0.5s")
	}
	functions["isSeconds"] = seconds.MatchString
	functions["wholeNumber"] = func(key, value string) (string, error) {
		return allowed(key, value, wholeNumber.MatchString(value), "a whole number from 0 to 9999")
	}
	functions["oneOf"] = oneOf
	maps.Copy(functions, listFunctions())
	maps.Copy(functions, wordFunctions())
	maps.Copy(functions, unitFunctions())
	maps.Copy(functions, objectFunctions())
	functions["allowed"] = allowed
	functions["refuse"] = func(key, problem string) (string, error) { return "", &InputError{key, problem} }
	return functions
}

func annotation(meta metav1.ObjectMeta, key string, fallback any) string {
	if value, ok := meta.Annotations[key]; ok {
		return value
	}
	return fmt.Sprint(fallback)
}

func toJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

func toYAML(value any) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

// checkedList returns a function that lets a comma-separated list through if every element of it is valid. An empty
// list, and a list that is one of whole, are valid. White space around elements is dropped.
func checkedList(what string, valid func(string) bool, whole ...string) func(key, value string) (string, error) {
	return func(key, value string) (string, error) {
		for _, all := range append(whole, "") {
			if value == all {
				return value, nil
			}
		}
		elements := strings.Split(value, ",")
		for i, element := range elements {
			elements[i] = strings.TrimSpace(element)
			if !valid(elements[i]) {
				return "", &InputError{key, fmt.Sprintf("%q is not %s; a list is separated by commas", elements[i], what)}
			}
		}
		return strings.Join(elements, ","), nil
	}
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func isCIDR(s string) bool {
	prefix, err := netip.ParsePrefix(s)
	return err == nil && !prefix.Addr().Is4In6()
}

// isInterface follows Linux: at most 15 bytes, no slash, no white space (dev_valid_name in net/core/dev.c), and no control
// characters, of which NUL cannot be given to a program at all. What iptables takes for a pattern is none.
func isInterface(s string) bool {
	return s != "" && len(s) <= 15 && s != "." && s != ".." && !strings.ContainsAny(s, "/: *\"") && !strings.HasSuffix(s, "+") &&
		!strings.ContainsFunc(s, unicode.IsControl)
}

func quantity(key, value string) (string, error) {
	if amount, err := resource.ParseQuantity(value); err != nil || amount.Sign() < 0 {
		return "", &InputError{key, fmt.Sprintf("%q is not a quantity such as 100m or 64Mi", value)}
	}
	return value, nil
}

var (
	seconds     = regexp.MustCompile(`^[0-9]{1,7}([.][0-9]{1,3})?s$`)
	wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,3})$`)
)

func oneOf(key, value string, candidates ...string) (string, error) {
	return allowed(key, value, slices.Contains(candidates, value), "one of "+strings.Join(candidates, ", "))
}

func allowed(key, value string, ok bool, want string) (string, error) {
	if !ok {
		return "", &InputError{key, fmt.Sprintf("%q is not allowed, want %s", value, want)}
	}
	return value, nil
}
