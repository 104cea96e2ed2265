package envoy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/trace/v3"                                        // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/stream/v3"                    // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"                      // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/http_inspector/v3"          // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/original_dst/v3"            // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/original_src/v3"            // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/tls_inspector/v3"           // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"  // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"                // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/http/header_formatters/preserve_case/v3"     // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/resource_detectors/v3" // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/tracers/opentelemetry/samplers/v3"           // a typed_config's type
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"                           // a typed_config's type
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"sigs.k8s.io/yaml"
)

// read reads a bootstrap as strictly as Envoy does and more: no key twice, no unknown field, every typed_config of a
// known type, and no value in any message that the API's own checks refuse.
func read(text string) (*bootstrapv3.Bootstrap, error) {
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("read the bootstrap's YAML: %w", err)
	}
	bootstrap := &bootstrapv3.Bootstrap{}
	if err := protojson.Unmarshal(raw, bootstrap); err != nil {
		return nil, fmt.Errorf("read the bootstrap: %w", err)
	}
	return bootstrap, checkAll(bootstrap)
}

// checkAll validates a message and, since the API's checks stop there, every message packed into one of its fields.
func checkAll(message proto.Message) error {
	var problems []error
	if checked, ok := message.(interface{ ValidateAll() error }); ok {
		problems = append(problems, checked.ValidateAll())
	}
	everyAny(message.ProtoReflect(), func(packed *anypb.Any) {
		inner, err := packed.UnmarshalNew()
		if err == nil {
			err = checkAll(inner)
		}
		problems = append(problems, err)
	})
	return errors.Join(problems...)
}

// everyAny calls visit for each Any that the message holds, itself not unpacked.
func everyAny(message protoreflect.Message, visit func(*anypb.Any)) {
	if packed, ok := message.Interface().(*anypb.Any); ok {
		visit(packed)
		return
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			if field.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
					everyAny(value.Message(), visit)
					return true
				})
			}
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				everyAny(value.List().Get(i).Message(), visit)
			}
		default:
			everyAny(value.Message(), visit)
		}
		return true
	})
}

func TestCheckRefuses(t *testing.T) {
	good := bootstrapOf(t, inject(t, "tracing: {host: collector}", plainPod))
	if _, err := read(good); err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct{ from, to, want string }{
		"a field that Envoy does not have":   {`"stat_prefix":"inbound"`, `"stat_prefixes":"inbound"`, `unknown field "stat_prefixes"`},
		"a message that Envoy does not have": {"tcp_proxy.v3.TcpProxy", "tcp_proxy.v3.Proxy", "unable to resolve"},
		"a value that its check refuses":     {`"connect_timeout":"5s"`, `"connect_timeout":"0s"`, "invalid Cluster.ConnectTimeout"},
		"such a value in a typed_config":     {`"stat_prefix":"health"`, `"stat_prefix":""`, "invalid HttpConnectionManager.StatPrefix"},
		"such a value in one within another": {`"envoy_grpc":{"cluster_name":"opentelemetry"}`, `"envoy_grpc":{"cluster_name":""}`, "invalid GrpcService_EnvoyGrpc.ClusterName"},
		"a key twice":                        {`"traffic_direction":"INBOUND"`, `"traffic_direction":"INBOUND","traffic_direction":"INBOUND"`, "already set"},
	} {
		t.Run(sentence, func(t *testing.T) {
			bad := strings.Replace(good, c.from, c.to, 1)
			if bad == good {
				t.Fatalf("the bootstrap has no %q", c.from)
			}
			if _, err := read(bad); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
