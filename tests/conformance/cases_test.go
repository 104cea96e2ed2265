package conformance

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"strings"
)

// How many cases Istio's TestInjection has: those of its table, and those that it finds as pairs of files.
const (
	explicitCases   = 73
	discoveredCases = 55
)

// injectionCase is a case of Istio's TestInjection.
type injectionCase struct {
	number int
	// in and want are names of files with workloads, before and after injection. want is empty if the injection fails.
	in, want string
	// flags are set on Istio's installation, operatorFile is a file that describes one.
	flags        []string
	operatorFile string
	// meshDigest stands for the function that changes the mesh configuration; empty if there is none.
	meshDigest string
	// settings are what the case's hook sets, as "name = value" in Istio's words.
	settings []string
	// wantError is a part of the error, in small letters.
	wantError string
	// skipWebhook says that Istio's own test does not send the case through a webhook.
	skipWebhook bool
}

// name is what Istio's test calls the case.
func (c injectionCase) name() string {
	if c.wantError != "" {
		return fmt.Sprintf("[%02d] %s", c.number, c.in)
	}
	return fmt.Sprintf("[%02d] %s", c.number, c.want)
}

// injectionCases returns all cases in the order of Istio's test.
func injectionCases() ([]injectionCase, error) {
	rows, err := readTable("inject_test.go", "TestInjection")
	if err != nil {
		return nil, err
	}
	var cases []injectionCase
	for _, row := range rows {
		c, err := readInjectionCase(row)
		if err != nil {
			return nil, fmt.Errorf("read case %d of TestInjection: %w", len(cases), err)
		}
		c.number = len(cases)
		cases = append(cases, c)
	}
	if len(cases) != explicitCases {
		return nil, fmt.Errorf("read the table of TestInjection: %d cases, want %d", len(cases), explicitCases)
	}
	cases, err = withDiscovered(cases)
	if err == nil && len(cases) != explicitCases+discoveredCases {
		err = fmt.Errorf("find pairs of files: %d, want %d", len(cases)-explicitCases, discoveredCases)
	}
	return cases, err
}

func readInjectionCase(row ast.Expr) (injectionCase, error) {
	var c injectionCase
	value, err := evaluator{}.value(row)
	if err != nil {
		return c, err
	}
	for field, value := range value.(map[string]any) {
		switch field {
		case "in":
			c.in = value.(string)
		case "want":
			c.want = value.(string)
		case "inFilePath":
			c.operatorFile = value.(string)
		case "expectedError":
			c.wantError = value.(string)
		case "setFlags":
			for _, flag := range value.([]any) {
				c.flags = append(c.flags, flag.(string))
			}
		case "skipWebhook":
			c.skipWebhook = value.(bool)
		case "skipInjection", "expectedLog":
			// They concern kube-inject alone.
		case "mesh":
			c.meshDigest = fmt.Sprintf("%x", sha256.Sum256([]byte(source(value.(*ast.FuncLit)))))[:12]
		case "setup":
			c.settings, err = readSettings(value.(*ast.FuncLit))
		default:
			err = fmt.Errorf("read field %q: it is unknown here", field)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// readSettings reads a hook, which may do nothing but set variables for its test.
func readSettings(hook *ast.FuncLit) ([]string, error) {
	var settings []string
	for _, statement := range hook.Body.List {
		expression, ok := statement.(*ast.ExprStmt)
		if !ok {
			return nil, fmt.Errorf("read hook: %T is unknown here", statement)
		}
		call, ok := expression.X.(*ast.CallExpr)
		if !ok || !strings.HasPrefix(source(call.Fun), "test.Set") || len(call.Args) != 3 {
			return nil, fmt.Errorf("read hook: %q is unknown here", source(expression))
		}
		settings = append(settings, strings.TrimPrefix(source(call.Args[1]), "&")+" = "+source(call.Args[2]))
	}
	return settings, nil
}

// withDiscovered adds the pairs of files that no case of the table names.
func withDiscovered(cases []injectionCase) ([]injectionCase, error) {
	dir, err := injectDir()
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, c := range cases {
		if c.want == "" {
			named[c.in+".injected"] = true
		}
		named[c.want] = true
	}
	files, err := filepath.Glob(filepath.Join(dir, "testdata", "inject", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		in := filepath.Base(file)
		if want := in + ".injected"; !strings.HasSuffix(in, ".iop.yaml") && !named[want] {
			cases = append(cases, injectionCase{number: len(cases), in: in, want: want})
		}
	}
	return cases, nil
}

// readInput reads one of Istio's files of workloads.
func readInput(name string) ([]byte, error) {
	dir, err := injectDir()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "testdata", "inject", name))
}
