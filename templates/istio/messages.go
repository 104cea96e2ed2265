package istio

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// readOver lays a text in YAML over a message: a field that the text has, be it zero, replaces the message's as a whole.
// It changes the message. See readMessage.
func readOver(text []byte, into proto.Message) error {
	said := into.ProtoReflect().New().Interface()
	zeros, _, err := readMessage(text, said)
	if err == nil {
		mergeMessage(into, said, zeros...)
	}
	return err
}

// readMessage reads a text in YAML into an empty message, and returns the fields that the text sets to their zero: the
// message does not tell them from those that are not set. Null is a field that the text has not, and fields that are not
// known are ignored. notes say which values were read as Istio reads them, and not as the format has it.
func readMessage(text []byte, into proto.Message) (zeros []protoreflect.FieldDescriptor, notes []string, err error) {
	if err := strictyaml.CheckAliases(text); err != nil { // Pods have such a text in an annotation.
		return nil, nil, err
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil || string(raw) == "null" {
		return nil, nil, err
	}
	if notes, err = decodeMessage(raw, into); err != nil {
		return nil, nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, nil, err
	}
	message := into.ProtoReflect()
	for name, value := range fields {
		if field := fieldNamed(message.Descriptor(), name); field != nil && string(value) != "null" && !message.Has(field) {
			zeros = append(zeros, field)
		}
	}
	return zeros, notes, nil
}

// decodeMessage decodes JSON as Istio does, see looseReader, whose notes it returns. Its errors are the same each time,
// which those of protojson alone are not.
func decodeMessage(raw []byte, into proto.Message) (notes []string, err error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	var reader looseReader
	if err := reader.message("", value, into.ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	known, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if err := protojson.Unmarshal(known, into); err != nil {
		return nil, errors.New(protojsonPrefix.ReplaceAllString(strings.ReplaceAll(err.Error(), "\u00a0", " "), ""))
	}
	return reader.notes, nil
}

// protojsonPrefix says where in the JSON an error is, of which nobody has seen the lines.
var protojsonPrefix = regexp.MustCompile(`^proto: (?:syntax error )?(?:\(line \d+:\d+\): )?`)

func fieldNamed(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	known := message.Fields()
	if field := known.ByJSONName(name); field != nil {
		return field
	}
	return known.ByName(protoreflect.Name(name))
}

// mergeMessage clears the zeros, fields of a message, and replaces others by those that are set in another one of its type.
// It changes the first alone, and shares nothing between them.
func mergeMessage(into, over proto.Message, zeros ...protoreflect.FieldDescriptor) {
	target := into.ProtoReflect()
	for _, field := range zeros {
		target.Clear(field)
	}
	proto.Clone(over).ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		target.Set(field, value)
		return true
	})
}

// readProxyOver is readOver for settings of the proxy, of which metadata and headers merge.
func readProxyOver(text []byte, into *meshconfig.ProxyConfig) error {
	said := &meshconfig.ProxyConfig{}
	zeros, _, err := readMessage(text, said)
	if err == nil {
		mergeProxy(into, said, zeros...)
	}
	return err
}

// mergeProxy is mergeMessage for settings of the proxy, of which metadata and headers merge.
func mergeProxy(into, over *meshconfig.ProxyConfig, zeros ...protoreflect.FieldDescriptor) {
	before := proto.CloneOf(into)
	mergeMessage(into, over, zeros...)
	keepMerged(into, before)
}

// keepMerged puts back what was there before and is not replaced: single entries of the metadata, single headers.
func keepMerged(into, before *meshconfig.ProxyConfig) {
	for name, value := range before.GetProxyMetadata() {
		if into.ProxyMetadata == nil {
			into.ProxyMetadata = map[string]string{}
		}
		if _, replaced := into.ProxyMetadata[name]; !replaced {
			into.ProxyMetadata[name] = value
		}
	}
	if into.GetProxyHeaders() != nil && before.GetProxyHeaders() != nil {
		headers := proto.CloneOf(before.GetProxyHeaders())
		mergeMessage(headers, into.GetProxyHeaders())
		into.ProxyHeaders = headers
	}
}

// proxyConfigJSON is what the proxy's settings look like in its environment: without what it knows by default.
func proxyConfigJSON(config *meshconfig.ProxyConfig) (string, error) {
	short := proto.CloneOf(config)
	message := short.ProtoReflect()
	defaultProxyConfig().ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if message.Has(field) && message.Get(field).Equal(value) {
			message.Clear(field)
		}
		return true
	})
	return messageJSON(short)
}

// messageJSON encodes a message; the form is the same each time, which that of protojson alone is not.
func messageJSON(message proto.Message) (string, error) {
	if message == nil || !message.ProtoReflect().IsValid() {
		return "{}", nil
	}
	loose, err := protojson.Marshal(message)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", message.ProtoReflect().Descriptor().Name(), err)
	}
	compact, err := json.Marshal(json.RawMessage(loose))
	return string(compact), err
}
