package templates

import (
	"fmt"
	"strconv"
	"text/template"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// unitFunctions returns the functions that read an amount, and write it in another unit:
//
//	milliseconds KEY VALUE        the duration VALUE, such as 1m30s, in whole milliseconds, such as 90000ms
//	wholeSeconds KEY VALUE        the duration VALUE in whole seconds, such as 90s
//	cores KEY VALUE               the CPU quantity VALUE in whole CPUs, rounded up: 2 of 1500m
//	portRanges KEY VALUE          the ports and ranges of ports in VALUE, checked, such as 22,8000-8010
//	namedPorts KEY VALUE LIST...  the same, where an element may be the name of a port of the containers in the LISTs
//
// They fail with an *InputError that names the annotation KEY.
func unitFunctions() template.FuncMap {
	return template.FuncMap{
		"milliseconds": func(key, value string) (string, error) {
			d, err := parseDuration(key, value)
			return strconv.FormatInt(int64(d.Seconds()*1000), 10) + "ms", err
		},
		"wholeSeconds": func(key, value string) (string, error) {
			d, err := parseDuration(key, value)
			return strconv.FormatInt(int64(d.Seconds()), 10) + "s", err
		},
		"cores":      cores,
		"portRanges": portRanges,
		"namedPorts": namedPorts,
	}
}

// parseDuration reads a duration of Go, which is not negative.
func parseDuration(key, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, &InputError{key, fmt.Sprintf("%q is not a duration such as 500ms or 1m30s", value)}
	}
	return d, nil
}

func cores(key, value string) (int64, error) {
	amount, err := resource.ParseQuantity(value)
	if err != nil || amount.Sign() < 0 {
		return 0, &InputError{key, fmt.Sprintf("%q is not a quantity such as 100m or 2", value)}
	}
	amount.RoundUp(0)
	n, ok := amount.AsInt64()
	if !ok {
		return 0, &InputError{key, fmt.Sprintf("%q is more CPUs than there can be", value)}
	}
	return n, nil
}
