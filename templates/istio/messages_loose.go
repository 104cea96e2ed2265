package istio

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// looseReader turns the JSON of a message that Istio reads into one that protobuf's own decoder reads to the same
// message. Istio's decoder is an older one, which takes more:
//
//	fields that are not known          ignored (protojson can do that, but would ignore unknown values of enumerations too)
//	a field under both of its names    the name of JSON wins
//	several fields of one of           the last, in the order of the message, wins
//	null in a list or a map            is the zero
//	durations                          in Go's form: 1m30s
//
// Messages whose JSON has a form of its own are left alone. The zero value is ready; it is for one message.
type looseReader struct {
	// notes say which durations protobuf's decoder would not have taken, by field.
	notes []string
}

// message changes the JSON of a message that stands at path. The error names a field whose duration is none.
func (r *looseReader) message(path string, value any, message protoreflect.MessageDescriptor) error {
	object, ok := value.(map[string]any)
	if !ok || message.FullName().Parent() == "google.protobuf" {
		return nil
	}
	keepLast(object, message)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field := fieldNamed(message, name)
		if field == nil {
			delete(object, name)
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		var err error
		switch inner := object[name].(type) {
		case map[string]any:
			if !field.IsMap() {
				_, err = r.element(at, inner, field)
				break
			}
			for _, key := range slices.Sorted(maps.Keys(inner)) {
				if inner[key], err = r.element(fmt.Sprintf("%s[%q]", at, key), inner[key], field.MapValue()); err != nil {
					return err
				}
			}
		case []any:
			for i := range inner {
				if inner[i], err = r.element(fmt.Sprintf("%s[%d]", at, i), inner[i], field); err != nil {
					return err
				}
			}
		case string:
			object[name], err = r.element(at, inner, field)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element returns the value of a field, or of an element of a list or map, as protobuf's decoder takes it.
func (r *looseReader) element(path string, value any, field protoreflect.FieldDescriptor) (any, error) {
	message := field.Message()
	switch {
	case message != nil && message.FullName() == "google.protobuf.Duration":
		return r.duration(path, value)
	case message != nil:
		return value, r.message(path, value, message)
	case value != nil:
		return value, nil
	case field.Kind() == protoreflect.StringKind:
		return "", nil
	case field.Kind() == protoreflect.BoolKind:
		return false, nil
	}
	return 0, nil
}

// duration reads a duration in Go's form. What is no string is protobuf's decoder's to refuse.
func (r *looseReader) duration(path string, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%s %q is not a duration such as 60s", path, text)
	}
	encoded, err := protojson.Marshal(durationpb.New(duration))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", path, err)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", path, err)
	}
	if protojson.Unmarshal(quoted, &durationpb.Duration{}) != nil {
		r.notes = append(r.notes, fmt.Sprintf("%s: %q is taken for %s, as Istio's injector takes it: want a number of seconds such as \"60s\"", path, text, encoded))
	}
	return strings.Trim(string(encoded), `"`), nil
}

// keepLast leaves each field of a message in its JSON once, and one field of each of several that exclude one another.
func keepLast(object map[string]any, message protoreflect.MessageDescriptor) {
	fields := message.Fields()
	present := map[protoreflect.OneofDescriptor]protoreflect.FieldDescriptor{}
	for i := range fields.Len() {
		field := fields.Get(i)
		if _, ok := object[field.JSONName()]; ok && field.JSONName() != string(field.Name()) {
			delete(object, string(field.Name()))
		}
		name := nameIn(object, field)
		oneof := field.ContainingOneof()
		if name == "" || object[name] == nil || oneof == nil {
			continue
		}
		if before := present[oneof]; before != nil {
			delete(object, nameIn(object, before))
		}
		present[oneof] = field
	}
}

// nameIn returns the name under which a field stands in a message's JSON, "" if it does not.
func nameIn(object map[string]any, field protoreflect.FieldDescriptor) string {
	for _, name := range []string{field.JSONName(), string(field.Name())} {
		if _, ok := object[name]; ok {
			return name
		}
	}
	return ""
}
