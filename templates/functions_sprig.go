package templates

import (
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// ofSprig are the functions of sprig that templates may call: those that depend on their arguments alone, whatever the
// machine, the time and the order of a map, and that change none of them. What a template renders may then be remembered.
const ofSprig = `
	abbrev abbrevboth trunc trim upper lower title untitle substr repeat trimall trimAll trimSuffix trimPrefix nospace
	initials swapcase snakecase camelcase kebabcase wrap wrapWith contains hasPrefix hasSuffix quote squote cat indent
	nindent replace plural sha1sum sha256sum sha512sum adler32sum toString toStrings split splitList splitn join sortAlpha
	atoi int64 int float64 seq toDecimal until untilStep add1 add sub div mod mul add1f addf subf divf mulf biggest max min
	maxf minf ceil floor round
	default empty coalesce all any compact mustCompact ternary deepCopy mustDeepCopy
	fromJson mustFromJson toJson mustToJson toPrettyJson mustToPrettyJson toRawJson mustToRawJson b64enc b64dec b32enc b32dec
	typeOf typeIs typeIsLike kindOf kindIs deepEqual base dir clean ext isAbs
	tuple list dict get hasKey pluck keys pick omit values append push mustAppend mustPush prepend mustPrepend first mustFirst
	rest mustRest last mustLast initial mustInitial reverse mustReverse uniq mustUniq without mustWithout has mustHas slice
	mustSlice concat dig chunk mustChunk
	semver semverCompare duration fail urlParse urlJoin
	regexMatch mustRegexMatch regexFindAll mustRegexFindAll regexFind mustRegexFind regexReplaceAll mustRegexReplaceAll
	regexReplaceAllLiteral mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta`

// sprigFunctions returns a new map of those functions; keys and values are in the order of the keys.
func sprigFunctions() template.FuncMap {
	all, functions := sprig.TxtFuncMap(), template.FuncMap{}
	for name := range strings.FieldsSeq(ofSprig) {
		functions[name] = all[name]
	}
	functions["keys"] = func(maps ...map[string]any) []string {
		var names []string
		for _, m := range maps {
			names = append(names, sortedKeys(m)...)
		}
		return names
	}
	functions["values"] = func(m map[string]any) []any {
		values := make([]any, 0, len(m))
		for _, key := range sortedKeys(m) {
			values = append(values, m[key])
		}
		return values
	}
	functions["fail"] = func(message string) (string, error) { return "", &FailError{message} }
	return functions
}

// SkipError says that a template calls skip: the pod is let in as it is.
type SkipError struct {
	// Reason is one of the profile's Skips, Text a sentence for people.
	Reason, Text string
}

func (e *SkipError) Error() string { return "the pod is skipped: " + e.Text }

// FailError says that a template calls fail: its author refuses the pod.
type FailError struct {
	// Message is the template's.
	Message string
}

func (e *FailError) Error() string { return e.Message }

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
