package templates

import (
	"fmt"
	"strings"
	"text/template"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// The budget of one template for one pod. The shipped profile has room in it for thousands of containers, and all of it takes
// about a second or less.
const (
	// maxSteps is how much work may be done: about the nodes that are executed, four for each call of a function and each pass
	// through a range, and one for 64 bytes of what functions are given and return.
	maxSteps = 2_000_000
	// maxMade is how many bytes functions may make together, maxValue how many one value may have.
	maxMade  = 32 << 20
	maxValue = 8 << 20
	// maxOutput bounds what one template may write, in bytes: etcd keeps no object of more than 1.5 MiB.
	maxOutput = 1 << 20
	// maxElements bounds the lists that functions make: nobody's pod has more of anything.
	maxElements = 100_000
)

// bounded makes those functions fail, and printf, which could make much of little. It changes and returns the map.
func bounded(functions template.FuncMap) template.FuncMap {
	functions["printf"] = fmt.Sprintf
	limitNumbers(functions)
	limitCosts(functions)
	return functions
}

// limitNumbers makes those functions fail which could take all memory by one number that they are given.
func limitNumbers(functions template.FuncMap) {
	if until, ok := functions["until"].(func(int) []int); ok {
		functions["until"] = func(count int) ([]int, error) {
			if count > maxElements || count < -maxElements {
				return nil, fmt.Errorf("until %d: want at most %d", count, maxElements)
			}
			return until(count), nil
		}
	}
	if untilStep, ok := functions["untilStep"].(func(int, int, int) []int); ok {
		functions["untilStep"] = func(start, stop, step int) ([]int, error) {
			if step != 0 && (float64(stop)-float64(start))/float64(step) > maxElements {
				return nil, fmt.Errorf("untilStep %d %d %d: want at most %d elements", start, stop, step, maxElements)
			}
			return untilStep(start, stop, step), nil
		}
	}
	if seq, ok := functions["seq"].(func(...int) string); ok {
		functions["seq"] = func(params ...int) (string, error) {
			for _, param := range params {
				if param > maxElements || param < -maxElements {
					return "", fmt.Errorf("seq: %d: want at most %d", param, maxElements)
				}
			}
			return seq(params...), nil
		}
	}
	functions["repeat"] = func(count int, text string) (string, error) {
		if count < 0 || len(text) > 0 && count > maxOutput/len(text) {
			return "", fmt.Errorf("repeat %d: want 0 or more, and no more than %d MiB of text", count, maxOutput>>20)
		}
		return strings.Repeat(text, count), nil
	}
	for _, name := range []string{"indent", "nindent"} {
		if indent, ok := functions[name].(func(int, string) string); ok {
			functions[name] = func(spaces int, text string) (string, error) {
				if spaces < 0 || spaces > maxOutput/(strings.Count(text, "\n")+1) {
					return "", fmt.Errorf("%s %d: want 0 or more, and no more than %d MiB of blanks", name, spaces, maxOutput>>20)
				}
				return indent(spaces, text), nil
			}
		}
	}
}

// ErrBudget is what an *Error is if a template has taken more steps, or made more, than it may: it probably never ends.
var ErrBudget = param.ErrBudget
