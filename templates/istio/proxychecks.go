package istio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkProxyConfig checks what a proxy cannot start without, or with. The error names the field.
func checkProxyConfig(config *meshconfig.ProxyConfig) error {
	for field, value := range map[string]string{
		"configPath":       config.GetConfigPath(),
		"binaryPath":       config.GetBinaryPath(),
		"discoveryAddress": config.GetDiscoveryAddress(),
	} {
		if value == "" {
			return fmt.Errorf("%s is empty", field)
		}
	}
	if named, ok := config.GetClusterName().(*meshconfig.ProxyConfig_ServiceCluster); config.GetClusterName() == nil || ok && named.ServiceCluster == "" {
		return errors.New("serviceCluster is empty")
	}
	if drain := config.GetDrainDuration(); drain == nil || drain.AsDuration() < time.Millisecond || drain.AsDuration()%time.Second != 0 {
		return fmt.Errorf("drainDuration %q is not a whole number of seconds", drain.AsDuration())
	}
	for field, port := range map[string]int32{"proxyAdminPort": config.GetProxyAdminPort(), "statusPort": config.GetStatusPort()} {
		if port < 1 || port > 65535 {
			return fmt.Errorf("%s %d is not a port (1 to 65535)", field, port)
		}
	}
	if policy := config.GetControlPlaneAuthPolicy(); meshconfig.AuthenticationPolicy_name[int32(policy)] == "" {
		return fmt.Errorf("controlPlaneAuthPolicy %d is not known", policy)
	}
	for field, address := range map[string]string{
		"discoveryAddress":              config.GetDiscoveryAddress(),
		"statsdUdpAddress":              config.GetStatsdUdpAddress(),
		"envoyMetricsServiceAddress":    config.GetEnvoyMetricsServiceAddress(), //nolint:staticcheck // still in use
		"envoyMetricsService.address":   config.GetEnvoyMetricsService().GetAddress(),
		"envoyAccessLogService.address": config.GetEnvoyAccessLogService().GetAddress(),
		"tracing.lightstep.address":     config.GetTracing().GetLightstep().GetAddress(),
		"tracing.zipkin.address":        withoutVariables(config.GetTracing().GetZipkin().GetAddress()),
		"tracing.datadog.address":       withoutVariables(config.GetTracing().GetDatadog().GetAddress()),
	} {
		if err := checkAddress(address); address != "" && err != nil {
			return fmt.Errorf("%s %q %w", field, address, err)
		}
	}
	return nil
}

// withoutVariables lets an address through that is only known on the node: $(HOST_IP) stands for any host.
func withoutVariables(address string) string {
	return strings.ReplaceAll(address, "$(HOST_IP)", "host")
}

// checkAddress checks a host, by name or number, and a port.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("is not of the form host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("has no port (1 to 65535)")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if len(validation.IsDNS1123Subdomain(strings.ToLower(strings.TrimSuffix(host, ".")))) > 0 {
		return errors.New("has a host that is neither a name nor an IP address")
	}
	return nil
}
