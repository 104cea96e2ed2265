package configuration

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// configMapKeys are those that the ConfigMap of the configuration has, and profileKey is one that it may have.
var configMapKeys = []string{webhook.SourceConfig, webhook.SourceValues}

const profileKey = webhook.SourceProfile

// FromConfigMap returns what the ConfigMap of the configuration holds. It has to have both keys, config and values, and none
// but profile besides: Parse refuses it otherwise, since what is missing or misspelt may have been meant. The ConfigMap is not changed.
func FromConfigMap(object *corev1.ConfigMap) *Inputs {
	in := &Inputs{unusable: checkKeys(object)}
	if in.unusable == nil {
		in.Config, in.Values = given([]byte(object.Data[webhook.SourceConfig])), given([]byte(object.Data[webhook.SourceValues]))
		in.Profile = []byte(object.Data[profileKey])
	}
	return in
}

// checkKeys returns what is wrong with the keys of the ConfigMap.
func checkKeys(object *corev1.ConfigMap) error {
	keys := append(slices.Collect(maps.Keys(object.Data)), slices.Collect(maps.Keys(object.BinaryData))...)
	slices.Sort(keys)
	for _, key := range keys {
		known := append(slices.Clone(configMapKeys), profileKey)
		if slices.Contains(known, key) {
			continue
		}
		return fmt.Errorf("the ConfigMap has an unknown key %q%s, want %s, and %s for a profile of one's own",
			key, suggest.Question(suggest.Name(key, known)), strings.Join(configMapKeys, " and "), profileKey)
	}
	for _, key := range configMapKeys {
		if _, ok := object.Data[key]; ok {
			continue
		}
		if _, ok := object.BinaryData[key]; ok {
			return fmt.Errorf("the key %q of the ConfigMap is not UTF-8", key)
		}
		return fmt.Errorf("the ConfigMap has no key %q, want %s; {} means the defaults", key, strings.Join(configMapKeys, " and "))
	}
	return nil
}

// given returns a text that somebody gave, even if it is empty: Parse takes no text for none, and refuses a blank line as
// it does every text that says nothing.
func given(text []byte) []byte {
	if len(text) == 0 {
		return []byte("\n")
	}
	return text
}

// errorsEqual says that two errors, each of which may be nil, have the same text.
func errorsEqual(a, b error) bool {
	return errors.Is(a, b) || a != nil && b != nil && a.Error() == b.Error()
}
