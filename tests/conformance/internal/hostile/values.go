package hostile

import "slices"

// values are the strings that try to leave the place where a template puts them, by the kind of the place. Each is
// tried at every place, whatever its kind.
var values = map[string][]string{
	"whole plain value": {
		"x\n  hostNetwork: true", "x\nhostNetwork: true", "x\r\nhostNetwork: true", "x\rhostNetwork: true",
		"x\u0085hostNetwork: true", "x\u2028hostNetwork: true", "x\u2029hostNetwork: true",
		"a: b", "a:", ": a", "# gone", "x # gone", "x\t# gone", "&anchor x", "*alias", "!!binary aGk=", "!tag x",
		"{privileged: true}", "[a, b]", "|", "| 2", ">-", "- x", "? x", "%YAML 1.1", "@x", "`x`", "---", "...",
		"--- x", "\n---\nkind: Pod", "\n...\n", "<<", "null", "~", "yes", "0x1F", "1e3", ".inf", ".nan", "2001-01-01",
		"1_000", "0o17", "012", "1:30", "=", " ", "\tx", "\ufeffx", "x\x00y", "\x1b[0m", "'x", "\"x",
	},
	"in a plain scalar": {
		"debug\n    - --injected", "debug\n      privileged: true", "debug\n  - name: evil\n    image: evil",
		"debug # gone", "debug: x", "debug:", "debug\u0085    - --injected", "debug\u2028    - --injected",
		"debug\r    - --injected", "debug\t#x", "debug, x", "debug]", "debug}", "{debug}", "debug'", "debug\"",
		"debug\\n", "debug ", " debug", "debug\n", "debug\n\n", "debug\n#x", "debug\n---\n", "debug | x", "&a debug",
	},
	"in double quotes": {
		"\"", "\\", "\\\"", "x\"", "x\\", "\" #", "\", \"privileged\": \"true", "\"\n    privileged: true\n    x: \"",
		"x\"\n    command: [\"/evil\"]\n    workingDir: \"/", "\"}", "\"]", "\",", "\"\"", "\\n", "\\x41", "\\u2028",
		"\\/", "\\N", "\\0", "\\ ", "a\nb", "a\n\nb", "a\n  b", " \n ", "a\\\nb", "\t\"", "a\u0085b", "a\u2029b",
	},
	"in single quotes": {
		"'", "''", "'''", "x'", "'x", "x' #", "x', y: 'z", "'\n    privileged: true\n    x: '", "x'\n    command: ['/evil']\n    workingDir: '/",
		"'}", "']", "',", "x''y", "\\'", "'\\", "' \"", "a\n'b", "'\r\n'", "a\u2028'b", "'\u0085'", "'#", "': '",
	},
	"in a block scalar": {
		"a\nb", "a\nb: c", "a\n    - name: EVIL\n      value: x", "a\n  b", "a\n\n\nb", "a\n---\nb", "a\n...\nb",
		"\na", "\n\na", " a\nb", "a\n\tb", "a\r\nb", "a\rb", "a\u0085b: c", "a\u2028b: c", "a\u2029b: c",
		"a\n#b", "#a", "a\n|\nb", "a\n    privileged: true", "a\n]\n    - name: EVIL", "\"]\n    - x",
	},
	"in a flow mapping": {
		"x, y: z", "x}", "x]", "x}, {y: z", "x\", y: \"z", "x', y: 'z", "{", "}", "[", "]", ",", "x,", ", x", "{}", "[]",
		"{x: y}", "[x]", "x: y", "x}\nspec:\n  hostNetwork: true", "x\"}\nspec:\n  hostNetwork: true\n#", "x'}\nspec: {}", "? x",
	},
}

// Values are the strings of all kinds, each once, sorted.
func Values() []string {
	var all []string
	for _, strings := range values {
		all = append(all, strings...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
