package istio

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// checkAnnotations checks the annotations whose values Istio restricts, and returns what that of the proxy's settings
// says, nil if there is none, with warnings about it. The error is an *InputError about the first, in alphabetical order,
// that is wrong.
func checkAnnotations(annotations map[string]string) (said *meshconfig.ProxyConfig, warnings []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if key == annotationProxyConfig {
			var notes []string
			said, notes, err = readProxyAnnotation(annotations[key])
			for _, note := range notes {
				warnings = append(warnings, fmt.Sprintf("annotation %q: %s", key, note))
			}
		} else if check, ok := annotationChecks[key]; ok {
			err = check(annotations[key])
		}
		if err != nil {
			return nil, nil, &templates.InputError{Annotation: key, Problem: fmt.Sprintf("%q %s", annotations[key], err)}
		}
	}
	return said, warnings, nil
}

// traffic begins the keys about what of the traffic is redirected.
const traffic = "traffic.sidecar.istio.io/"

// annotationChecks are the checks of single annotations.
var annotationChecks = map[string]func(value string) error{
	annotationInterceptionMode:                              checkMode,
	annotationStatusPort:                                    checkPort,
	annotationMergeMetrics:                                  checkBool,
	"readiness.status.sidecar.istio.io/initialDelaySeconds": checkCount,
	"readiness.status.sidecar.istio.io/periodSeconds":       checkCount,
	"readiness.status.sidecar.istio.io/failureThreshold":    checkCount,
	traffic + "includeOutboundIPRanges":                     orAll(checkRanges("includeIPRanges")),
	traffic + "excludeOutboundIPRanges":                     checkRanges("excludeIPRanges"),
	traffic + "includeInboundPorts":                         orAll(checkPorts),
	traffic + "excludeInboundPorts":                         checkPorts,
	traffic + "excludeOutboundPorts":                        checkPorts,
	traffic + "excludeInterfaces":                           checkInterfaces,
	traffic + "kubevirtInterfaces":                          checkInterfaces,
	"istio.io/reroute-virtual-interfaces":                   checkInterfaces,
	"sidecar.istio.io/proxyCPU":                             checkQuantity,
	"sidecar.istio.io/proxyMemory":                          checkQuantity,
	"sidecar.istio.io/proxyCPULimit":                        checkQuantity,
	"sidecar.istio.io/proxyMemoryLimit":                     checkQuantity,
}

// orAll lets "*" through.
func orAll(check func(string) error) func(string) error {
	return func(value string) error {
		if value == "*" {
			return nil
		}
		return check(value)
	}
}

func checkMode(value string) error {
	if slices.Contains([]string{"REDIRECT", "TPROXY", "NONE"}, value) {
		return nil
	}
	return errors.New("is not allowed, want REDIRECT, TPROXY or NONE")
}

func checkPort(value string) error {
	if _, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16); err != nil {
		return errors.New("is not a port")
	}
	return nil
}

func checkPorts(value string) error {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	for port := range strings.SplitSeq(value, ",") {
		if checkPort(port) != nil {
			return fmt.Errorf("is not a list of ports separated by commas: %q is not a port", port)
		}
	}
	return nil
}

// checkRanges checks what stands for a value of the configuration in one pod.
func checkRanges(setting string) func(string) error {
	return func(value string) error {
		if value == "" {
			return nil
		}
		for cidr := range strings.SplitSeq(value, ",") {
			if _, err := netip.ParsePrefix(cidr); err != nil {
				return fmt.Errorf("cannot be %s, a list of IP ranges separated by commas: %q is not one such as 10.0.0.0/8", setting, cidr)
			}
		}
		return nil
	}
}

var interfaceForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,14}$`)

func checkInterfaces(value string) error {
	if value == "" {
		return nil
	}
	for name := range strings.SplitSeq(value, ",") {
		if !interfaceForm.MatchString(strings.TrimSpace(name)) {
			return fmt.Errorf("is not a list of network interfaces separated by commas: %q is not the name of one", name)
		}
	}
	return nil
}

func checkBool(value string) error {
	if _, err := strconv.ParseBool(value); err != nil {
		return errors.New("is neither true nor false")
	}
	return nil
}

func checkCount(value string) error {
	if _, err := strconv.ParseUint(value, 10, 32); err != nil {
		return errors.New("is not a number from 0 to 4294967295")
	}
	return nil
}

func checkQuantity(value string) error {
	if _, err := resource.ParseQuantity(value); err != nil || strings.ContainsFunc(value, unicode.IsControl) {
		return errors.New("is not a quantity such as 100m or 64Mi")
	}
	return nil
}

// readProxyAnnotation reads the settings of a pod's proxy, and checks them over the defaults. The notes are readMessage's.
func readProxyAnnotation(value string) (*meshconfig.ProxyConfig, []string, error) {
	said := &meshconfig.ProxyConfig{}
	zeros, notes, err := readMessage([]byte(value), said)
	if err != nil {
		return nil, nil, fmt.Errorf("is not a ProxyConfig: %w", err)
	}
	config := defaultProxyConfig()
	mergeProxy(config, said, zeros...)
	if err := checkProxyConfig(config); err != nil {
		return nil, nil, fmt.Errorf("is no usable ProxyConfig: %w", err)
	}
	return said, notes, nil
}

// fieldAnnotations are the annotations that set fields of the injected containers.
var fieldAnnotations = map[string]string{
	"image":                     "sidecar.istio.io/proxyImage",
	"resources.requests.cpu":    "sidecar.istio.io/proxyCPU",
	"resources.requests.memory": "sidecar.istio.io/proxyMemory",
	"resources.limits.cpu":      "sidecar.istio.io/proxyCPULimit",
	"resources.limits.memory":   "sidecar.istio.io/proxyMemoryLimit",
	"volumeMounts":              "sidecar.istio.io/userVolumeMount",
	"volumes":                   "sidecar.istio.io/userVolume",
	"probe.httpGet.port":        annotationStatusPort,
}

// podAnnotations are those by which a pod says how it is injected.
var podAnnotations = []string{
	"inject.istio.io/*",
	"sidecar.istio.io/*",
	traffic + "*",
	"proxy.istio.io/*",
	"status.sidecar.istio.io/*",
	"readiness.status.sidecar.istio.io/*",
	"prometheus.istio.io/*",
	"istio.io/reroute-virtual-interfaces",
	"apm.datadoghq.com/env",
}

// runAnnotations mount something into the proxy, or say what it does: its configuration and its environment.
var runAnnotations = []string{
	"sidecar.istio.io/userVolumeMount",
	"sidecar.istio.io/userVolume",
	"sidecar.istio.io/bootstrapOverride",
	annotationProxyConfig,
	"apm.datadoghq.com/env",
}

// askedMode is the hook that finds the interception mode in the settings of a pod's proxy.
func askedMode(annotations map[string]string) (key, mode string) {
	value, set := annotations[annotationProxyConfig]
	if !set {
		return "", ""
	}
	said := &meshconfig.ProxyConfig{}
	if _, _, err := readMessage([]byte(value), said); err != nil || said.GetInterceptionMode() == meshconfig.ProxyConfig_REDIRECT {
		return "", "" // an error is told of where the settings are used
	}
	return annotationProxyConfig, said.GetInterceptionMode().String()
}
