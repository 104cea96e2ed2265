package envoy

import (
	"slices"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tracev3 "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	samplersv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/samplers/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"sigs.k8s.io/yaml"
)

func mustRead(t *testing.T, values, pod string) *bootstrapv3.Bootstrap {
	t.Helper()
	bootstrap, err := read(bootstrapOf(t, inject(t, values, pod)))
	if err != nil {
		t.Fatal(err)
	}
	return bootstrap
}

// embedded returns every message of the type that is packed into the message, at any depth.
func embedded[T proto.Message](t *testing.T, message proto.Message) []T {
	t.Helper()
	var found []T
	everyAny(message.ProtoReflect(), func(packedMessage *anypb.Any) {
		inner, err := packedMessage.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		if wanted, ok := inner.(T); ok {
			found = append(found, wanted)
		}
		found = append(found, embedded[T](t, inner)...)
	})
	return found
}

func serviceName(t *testing.T, bootstrap *bootstrapv3.Bootstrap) string {
	t.Helper()
	tracers := embedded[*tracev3.OpenTelemetryConfig](t, bootstrap)
	if len(tracers) != 2 {
		t.Fatalf("%d tracers, want one for each direction", len(tracers))
	}
	return tracers[0].GetServiceName()
}

func quote(text string) string {
	quoted, err := yaml.YAMLToJSON([]byte(encodeAny(text)))
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

func encodeAny(value any) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	return encodeAny(value)
}

func listeners(bootstrap *bootstrapv3.Bootstrap) map[string]*listenerv3.Listener {
	byName := map[string]*listenerv3.Listener{}
	for _, listener := range bootstrap.GetStaticResources().GetListeners() {
		byName[listener.GetName()] = listener
	}
	return byName
}

func clusters(bootstrap *bootstrapv3.Bootstrap) map[string]*clusterv3.Cluster {
	byName := map[string]*clusterv3.Cluster{}
	for _, cluster := range bootstrap.GetStaticResources().GetClusters() {
		byName[cluster.GetName()] = cluster
	}
	return byName
}

func TestListenersByMode(t *testing.T) {
	for mode, want := range map[string]map[string]uint32{
		"REDIRECT": {"inbound": 15006, "outbound": 15001, "health": 15021, "metrics": 15090},
		"TPROXY":   {"inbound": 15006, "outbound": 15001, "health": 15021, "metrics": 15090},
		"NONE":     {"health": 15021, "metrics": 15090},
	} {
		got := map[string]uint32{}
		for name, listener := range listeners(mustRead(t, "", annotated("sidecar.istio.io/interceptionMode: "+mode))) {
			got[name] = listener.GetAddress().GetSocketAddress().GetPortValue()
			if transparent := listener.GetTransparent().GetValue(); transparent != (mode == "TPROXY" && name == "inbound") {
				t.Errorf("%s: listener %s is transparent: %v", mode, name, transparent)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}

// TestAddresses: IPv6 is captured as well, so it is listened for, unless the nodes have none.
func TestAddresses(t *testing.T) {
	for values, want := range map[string]string{"": "::", "proxy: {ipv6: false}": "0.0.0.0"} {
		bootstrap := mustRead(t, "{"+values+"}", plainPod)
		for name, listener := range listeners(bootstrap) {
			address := listener.GetAddress().GetSocketAddress()
			if address.GetAddress() != want || address.GetIpv4Compat() != (want == "::") {
				t.Errorf("%q: listener %s has address %v, want %s", values, name, address, want)
			}
		}
		if admin := bootstrap.GetAdmin().GetAddress().GetSocketAddress().GetAddress(); admin != "127.0.0.1" {
			t.Errorf("%q: the admin interface is on %s", values, admin)
		}
		bind := clusters(bootstrap)["inbound"].GetUpstreamBindConfig()
		if bind.GetSourceAddress().GetAddress() != "127.0.0.6" || (len(bind.GetExtraSourceAddresses()) == 1) != (want == "::") {
			t.Errorf("%q: inbound connections are passed on from %v", values, bind)
		}
	}
}

// TestOwnPorts: a connection to the listener's own port goes nowhere; passed on, it would come back for ever.
func TestOwnPorts(t *testing.T) {
	bootstrap := mustRead(t, "", plainPod)
	for _, name := range []string{"inbound", "outbound"} {
		listener := listeners(bootstrap)[name]
		port := listener.GetAddress().GetSocketAddress().GetPortValue()
		i := slices.IndexFunc(listener.GetFilterChains(), func(chain *listenerv3.FilterChain) bool {
			return chain.GetFilterChainMatch().GetDestinationPort().GetValue() == port
		})
		if i < 0 {
			t.Errorf("%s: no filter chain for port %d", name, port)
			continue
		}
		for _, proxy := range embedded[*tcpv3.TcpProxy](t, listener.GetFilterChains()[i]) {
			if endpoints := clusters(bootstrap)[proxy.GetCluster()].GetLoadAssignment().GetEndpoints(); len(endpoints) != 0 {
				t.Errorf("%s: port %d leads to %v", name, port, endpoints)
			}
		}
	}
}

// TestClusters: whatever is named is there, and whatever is there is named.
func TestClusters(t *testing.T) {
	for sentence, settings := range values {
		bootstrap := mustRead(t, "{"+settings+"}", plainPod)
		named := map[string]bool{}
		for _, proxy := range embedded[*tcpv3.TcpProxy](t, bootstrap) {
			named[proxy.GetCluster()] = true
		}
		for _, manager := range embedded[*hcmv3.HttpConnectionManager](t, bootstrap) {
			for _, route := range manager.GetRouteConfig().GetVirtualHosts()[0].GetRoutes() {
				named[route.GetRoute().GetCluster()] = true
			}
		}
		for _, tracer := range embedded[*tracev3.OpenTelemetryConfig](t, bootstrap) {
			named[tracer.GetGrpcService().GetEnvoyGrpc().GetClusterName()] = true
		}
		there := map[string]bool{}
		for name := range clusters(bootstrap) {
			there[name] = true
		}
		if diff := cmp.Diff(there, named); diff != "" {
			t.Errorf("%s: clusters (-there +named):\n%s", sentence, diff)
		}
	}
}

// TestRetries: what may have reached the server is tried again for idempotent methods alone, and nothing inbound is.
func TestRetries(t *testing.T) {
	bootstrap := mustRead(t, "", plainPod)
	routes := map[string][]*routev3.Route{}
	for _, manager := range embedded[*hcmv3.HttpConnectionManager](t, bootstrap) {
		routes[manager.GetStatPrefix()] = manager.GetRouteConfig().GetVirtualHosts()[0].GetRoutes()
	}
	for _, route := range routes["inbound"] {
		if route.GetRoute().GetRetryPolicy() != nil {
			t.Errorf("inbound requests are retried: %v", route)
		}
	}
	var got []string
	for _, route := range routes["outbound"] {
		got = append(got, route.GetRoute().GetRetryPolicy().GetRetryOn())
	}
	const unsent = "connect-failure,refused-stream,reset-before-request"
	want := []string{"", "", unsent, unsent + ",reset,retriable-status-codes", unsent} // CONNECT, upgrade, gRPC, idempotent, rest
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("retries by route (-want +got):\n%s", diff)
	}
	if clusters(bootstrap)["outbound"].GetCircuitBreakers().GetThresholds()[0].GetRetryBudget() == nil {
		t.Error("retries have no budget")
	}
}

// TestSampling: a percentage of the values is that part of a million.
func TestSampling(t *testing.T) {
	for percent, want := range map[string]uint32{"0": 0, "0.01": 100, "1": 10000, "12.5": 125000, "100": 1000000} {
		bootstrap := mustRead(t, "{tracing: {host: collector, samplingPercent: "+percent+"}}", plainPod)
		for _, sampler := range embedded[*samplersv3.TraceIdRatioBasedSamplerConfig](t, bootstrap) {
			if got := sampler.GetSamplingPercentage(); got.GetNumerator() != want || got.GetDenominator() != typev3.FractionalPercent_MILLION {
				t.Errorf("%s percent is %v, want %d of a million", percent, got, want)
			}
		}
	}
}
