// Package yamlescape makes text templates that render YAML safe for values that nobody trusts, as html/template does
// for HTML: whatever is in a value, it changes nothing but the scalar that it stands in.
//
//	functions := yamlescape.Functions(base) // of the template's author
//	t, err := template.New(name).Funcs(functions).Parse(text)
//	err = yamlescape.Escape(t)              // *Error: undecidable, with line and reason
//	err = t.Execute(w, data)                // wraps a *ValueError: a value cannot stand where it is printed
//
// Escape follows the text of the templates through all branches, loops and calls, with the set of the lexical states
// that a YAML parser may be in (state.go, lexer.go, walk.go). So it knows of each action where its value will stand
// (context.go, interpolate.go), and ends its pipeline with the escape for that place (escaper.go):
//
//	place               example              a value is printed
//	a plain value       a: {{.}}             as it is if it is a number in JSON's form, true, false, or plainly a string;
//	                    [{{.}}, b]           else in double quotes, as are "", null, ~, yes and 0x10
//	a key               {{.}}: b             as it is if it is plainly a string; else in double quotes
//	a part of a plain   --a={{.}}            as it is; refused if it would end the scalar, or begin as anything else than
//	value               {{.}}/{{.}}:b        a plain one: a line break, ": ", " #", a blank at an end, [ ] { } , in flow
//	double quotes       "a {{.}}"            with escapes; a backslash is a backslash
//	single quotes       'a {{.}}'            in the same way: the template's quotes are made double ones
//	a block scalar      |                    with its lines indented like the scalar's; U+000D and U+0085 are read back
//	                      a {{.}}            as line breaks; refused with a character that YAML cannot hold, and, first in
//	                                         the scalar, with a blank at the beginning, which would set the indentation
//	a comment           # {{.}}              on one line
//	a line of its own   {{.}}                not at all, unless it is empty or marked as YAML
//	lines that follow   a:{{... | nindent 2}} not at all, unless it is marked as YAML
//
// Invalid UTF-8 is refused wherever the value is looked at.
//
// # Marked text
//
// Functions that make YAML mark it by its type: YAML for blocks of lines (toYaml), Flow for what is complete on its own
// (toJSON, quote). Marked text stands as it is where a value, a key or a line is expected, provided that no line of it
// is indented less than the first. Everywhere else it is text like any other, and so it is for functions that know
// nothing of marks. Only Functions yields them: nothing in a template's data is marked.
//
// # Limits
//
//   - A plain value that is put together from parts is what YAML makes of the whole: {{.a}}{{.b}} may be a number, and
//     is null if both are empty. A part that would make null with another is refused where the template has no text of
//     its own beside them.
//   - A value can stand in an anchor, an alias, a tag or a directive in no form, so Escape fails.
//   - A template that is called from places that need different escapes is undecidable.
//   - A key that is there already is one for the parser to refuse, which must be strict.
package yamlescape
