// Package param renders text templates of YAML in which values are parameters, as in prepared SQL statements: whatever a
// value contains, it changes the one node of the YAML in which it stands.
//
//	functions := param.Functions(base)                   // of the template's author
//	parsed, err := template.New(name).Funcs(functions).Parse(text)
//	program, err := param.Compile(parsed)                // once
//	output, err := program.Execute(data)                 // text with tokens, and their parameters
//	tree, err := output.Parse(schema)                    // *Error: no YAML, or a token where no value can stand
//	value, err := tree.Fill(output)                      // *Error: a value that cannot stand where it stands
//
// The steps, and the file that each stands in:
//
//	an action prints a token in place of its value; literal text carries marks       program.go, value.go, functions.go
//	marks are taken out, tokens alone on a line become entries of a list or mapping  layout.go
//	the YAML is parsed with its tokens into a tree                                   parse.go, mapping.go, scalar.go
//	values are put into the nodes                                                    fill.go; locate.go finds lines again
//	what is tagged !json or !packed becomes text                                     encoded.go
//
// The text of an Output depends on the branches taken alone, not on the values, so that one Tree serves every Output with
// the same text.
//
// # Where a value may stand
//
//	place               example              what the value becomes
//	a whole plain       a: {{.}}             a number or boolean in JSON's form stays one unless the schema wants a string;
//	scalar              [{{.}}, b]           anything else is a string, as are "", null, ~, yes, 010
//	a part of one       --a={{.}}            text; the scalar is judged as a whole, in the same way
//	quotes              "a {{.}}" 'a {{.}}'  text of a string
//	a block scalar      |                    text of a string; lines of a value are lines of the scalar
//	                      a {{.}}
//	a key               {{.}}: b             a key
//	a comment           # {{.}}              nothing
//	a line of its own   {{.}}                of functions that make YAML (toYaml), entries of the list or mapping there;
//	                                         nothing if it is empty; else an error
//	anchor, alias, tag                       an error
//
// Behind the tag !json or !packed stands what becomes one text: its JSON, as it is or short (package packed). Any other tag
// that is not YAML's own is an error, and so is one of a key.
//
// What functions make as YAML or JSON (Value) is put in as what it is, never parsed again; indent, nindent and trim keep
// it. In the middle of text it is text.
package param
