package templates

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/google/shlex"
)

// wordFunctions returns the functions that read words, as people and shells write them, and make them:
//
//	parseBool KEY VALUE        whether VALUE, a word that Go's strconv.ParseBool takes, is true
//	between KEY MIN MAX VALUE  the whole number VALUE, checked: from MIN to MAX
//	addresses KEY VALUE        VALUE, checked: "", or IP addresses and ranges separated by commas
//	userIDs KEY VALUE          VALUE, checked: "", or numbers of users separated by commas
//	shellWords KEY VALUE       the words of VALUE, as a shell tells them apart, without quotes and comments
//	shellQuote VALUE           VALUE as a word of a script for a shell in a container's command, in double quotes: neither the
//	                           shell nor the kubelet expands anything in it
//
//	flatten LIST               what LIST and the lists in it hold, in order: $all = list $all $one collects without copying
//	portNumber SPEC VALUE      the number of the port whose name in a container of SPEC VALUE is, or which it is itself, of a
//	                           list the first; 0 if it is neither
//	portFrom KEY MIN SPEC VALUE  that number, checked: from MIN to 65535
//	volumes KEY VALUE TAKEN    the volumes of the JSON list VALUE, checked: each has a name of its own that is none of TAKEN
//	volumeMounts KEY VALUE TAKEN  the mounts of the JSON list VALUE, checked: each has a name, and a path of its own that is
//	                           none of TAKEN
//
// The checks fail with an *InputError that names the annotation KEY.
func wordFunctions() template.FuncMap {
	return template.FuncMap{
		"parseBool":    parseBool,
		"between":      between,
		"addresses":    checkedList("an IP address or an IP range such as 10.0.0.0/8", func(s string) bool { return isAddress(s) || isCIDR(s) }),
		"userIDs":      checkedList("the number of a user", isUserID),
		"shellWords":   shellWords,
		"shellQuote":   quoteForShell,
		"flatten":      flatten,
		"portNumber":   portNumber,
		"portFrom":     portFrom,
		"volumes":      volumes,
		"volumeMounts": volumeMounts,
	}
}

func parseBool(key string, value any) (bool, error) {
	is, err := strconv.ParseBool(fmt.Sprint(value))
	if err != nil {
		return false, &InputError{key, fmt.Sprintf("%q is not allowed, want true or false", fmt.Sprint(value))}
	}
	return is, nil
}

func between(key string, from, to int64, value any) (int64, error) {
	n, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
	if err != nil || n < from || n > to {
		return 0, &InputError{key, fmt.Sprintf("%q is not a whole number from %d to %d", fmt.Sprint(value), from, to)}
	}
	return n, nil
}

func isUserID(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

func shellWords(key, value string) ([]any, error) {
	words, err := shlex.Split(value)
	if err != nil {
		return nil, &InputError{key, fmt.Sprintf("%q does not end as it begins, want every quote closed and a character behind every backslash", value)}
	}
	list := make([]any, len(words))
	for i, word := range words {
		list[i] = word
	}
	return list, nil
}

// flatten returns the elements of a list, and of lists in it, however deep.
func flatten(list any) []any {
	flat, rest := []any{}, []any{list} // what follows, last first
	for len(rest) > 0 {
		last := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		switch last := last.(type) {
		case []any:
			for _, element := range slices.Backward(last) {
				rest = append(rest, element)
			}
		case []string:
			for _, element := range last {
				flat = append(flat, element)
			}
		default:
			flat = append(flat, last)
		}
	}
	return flat
}

// quoteForShell is shellQuote. In double quotes a shell knows four characters; of two dollar signs the kubelet makes one, before
// the shell sees them, and expands nothing.
func quoteForShell(value string) string { return `"` + forShell.Replace(value) + `"` }

var forShell = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$$`)
