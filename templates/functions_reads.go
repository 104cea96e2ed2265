package templates

import (
	"maps"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/reads"
)

// FunctionReads says what a template function reads of its arguments; see Hooks.FunctionReads.
type FunctionReads = reads.Function

// functionReads declares what functions read of their arguments, and which return some of them, so that a template that
// hands over a container to look at its probes is not taken for one that looks at its mounts. A function that is not
// declared reads all of all arguments.
func (h *Hooks) functionReads() map[string]FunctionReads {
	returns, boxes, element := FunctionReads{Returns: true}, FunctionReads{Boxes: true}, FunctionReads{Element: true}
	declared := map[string]FunctionReads{
		"annotation":    {Reads: [][]string{{"Annotations"}, {""}}},
		"containerPort": {Reads: [][]string{{"Ports"}, {""}}},
		"namedPorts":    {Reads: [][]string{{""}, {""}, {"*/Ports"}}},
		"default":       returns, "coalesce": returns, "ternary": returns, "concat": returns, "reverse": returns, "rest": returns,
		"initial": returns, "list": boxes, "tuple": boxes, "dict": boxes, "first": element, "last": element,
	}
	maps.Copy(declared, h.FunctionReads)
	return declared
}
