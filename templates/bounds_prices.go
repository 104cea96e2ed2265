package templates

import (
	"iter"
	"regexp/syntax"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// How much of something takes the time of a step. They are measured: so much that a budget that is spent on one of them alone
// takes about as long as one that is spent on a range.
const (
	triesPerStep   = 25      // instructions of a regular expression tried on a byte
	runesPerStep   = 8       // runes of the classes of a regular expression
	trimmedPerStep = 1 << 15 // characters to trim, times bytes of the text
)

// prices are those of functions whose time does not follow the size of what they are given and return. It must not be changed.
var prices = pricesOf()

func pricesOf() map[string]param.Price {
	trim := func(args []any) int { return len(givenText(args, 0)) * len(givenText(args, 1)) / trimmedPerStep }
	all := map[string]param.Price{"trimall": trim, "trimAll": trim}
	for name := range regexFunctions() {
		all[name] = regexPrice
	}
	return all
}

// regexFunctions are the names of those that compile a pattern, which is their first argument, and use it on the second.
func regexFunctions() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range strings.FieldsSeq(ofSprig) {
			if strings.Contains(strings.ToLower(name), "regex") && name != "regexQuoteMeta" && !yield(name) {
				return
			}
		}
	}
}

// regexPrice is that of compiling a pattern, which the functions do at each call, and of using it.
func regexPrice(args []any) int {
	pattern := givenText(args, 0)
	if len(pattern) > maxPattern { // which is refused at once
		return 0
	}
	instructions, runes := compiledSize(pattern)
	return len(pattern) + 2*instructions + runes/runesPerStep + instructions*len(givenText(args, 1))/triesPerStep
}

// compiledSize returns how many instructions a pattern has, and how many runes its classes have together; 0 if it is wrong.
func compiledSize(pattern string) (instructions, runes int) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, 0
	}
	for i := range program.Inst {
		runes += len(program.Inst[i].Rune)
	}
	return len(program.Inst), runes
}

// givenText returns an argument that is a text, or was made as YAML or JSON.
func givenText(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	switch arg := args[i].(type) {
	case string:
		return arg
	case *param.Value:
		return arg.String()
	}
	return ""
}
