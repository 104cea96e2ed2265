// Package edit writes a changed object back into the text that it came from, so that only what changed is written anew:
// comments, key order, blank lines, quoting, indentation and line ends of everything else stay as they are.
//
//	text of one document, its object before, the object wanted
//	  → tree      where every node of the text begins and ends      tree.go, yaml.go, scalar_end.go, json.go
//	  → edits     what has to be cut out and put in                 editor.go, block.go, flow.go, lists.go, moves.go, anchors.go
//	  → new text  in the style of what surrounds it                 render.go, scalar.go, flowtext.go
//	  → check     the result is decoded and compared                apply.go, equal.go
//
// Safe takes what is unsafe on a terminal out of a text (safe.go), in the same steps.
//
// A text that cannot be edited, or whose edited form does not decode to the object wanted, is written anew as a whole:
// the result is always right, and nearly always the smallest change.
package edit
