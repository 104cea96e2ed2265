package conformance

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// istioDir returns the folder of Istio's module: the version in go.mod, as it is in the module cache.
var istioDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		return "", fmt.Errorf("find the module %q: %w", "istio.io/istio", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// injectDir returns the folder of Istio's injector.
func injectDir() (string, error) {
	dir, err := istioDir()
	return filepath.Join(dir, "pkg", "kube", "inject"), err
}

// readTable returns the rows of the variable `cases` in a test function of Istio's injector, unevaluated.
func readTable(file, function string) ([]ast.Expr, error) {
	dir, err := injectDir()
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse Istio's %q: %w", file, err)
	}
	for _, declaration := range parsed.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		for _, statement := range f.Body.List {
			assign, ok := statement.(*ast.AssignStmt)
			if !ok || len(assign.Lhs) != 1 || source(assign.Lhs[0]) != "cases" {
				continue
			}
			if table, ok := assign.Rhs[0].(*ast.CompositeLit); ok {
				return table.Elts, nil
			}
		}
	}
	return nil, fmt.Errorf("find the table %q of %q in Istio's %q", "cases", function, file)
}

// source prints an expression as Go source.
func source(node ast.Node) string {
	var text bytes.Buffer
	if err := format.Node(&text, token.NewFileSet(), node); err != nil {
		return fmt.Sprintf("%T", node)
	}
	return text.String()
}

// evaluator turns the literals of a table into values: structs and maps become map[string]any, slices []any.
type evaluator struct {
	// names are the constants and variables that the table uses, as they are written there.
	names map[string]any
	// calls are the functions that the table calls, by their name; they get the arguments after the first, which is
	// the test.
	calls map[string]func(args ...any) (any, error)
}

// value evaluates an expression. A function literal is returned as it is. Whatever is unknown is an error: a table
// that changed must be looked at.
func (e evaluator) value(expression ast.Expr) (any, error) {
	switch x := expression.(type) {
	case *ast.BasicLit:
		if x.Kind == token.STRING {
			return strconv.Unquote(x.Value)
		}
		return strconv.Atoi(x.Value)
	case *ast.FuncLit:
		return x, nil
	case *ast.StarExpr:
		return e.value(x.X)
	case *ast.UnaryExpr:
		return e.value(x.X)
	case *ast.CompositeLit:
		return e.composite(x)
	case *ast.CallExpr:
		return e.call(x)
	}
	switch name := source(expression); name {
	case "true", "false":
		return name == "true", nil
	default:
		if value, known := e.names[name]; known {
			return value, nil
		}
		return nil, fmt.Errorf("evaluate %q: nothing here says what it is", name)
	}
}

func (e evaluator) call(x *ast.CallExpr) (any, error) {
	call, known := e.calls[source(x.Fun)]
	if !known || len(x.Args) == 0 {
		return nil, fmt.Errorf("evaluate %q: nothing here says what it does", source(x))
	}
	var args []any
	for _, arg := range x.Args[1:] {
		value, err := e.value(arg)
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	return call(args...)
}

func (e evaluator) composite(x *ast.CompositeLit) (any, error) {
	if _, isList := x.Type.(*ast.ArrayType); isList {
		list := []any{}
		for _, element := range x.Elts {
			value, err := e.value(element)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	_, isMap := x.Type.(*ast.MapType)
	object := map[string]any{}
	for _, element := range x.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return nil, fmt.Errorf("evaluate %q: want key and value", source(element))
		}
		key := source(pair.Key)
		if isMap {
			evaluated, err := e.value(pair.Key)
			if err != nil {
				return nil, err
			}
			key = fmt.Sprint(evaluated)
		}
		value, err := e.value(pair.Value)
		if err != nil {
			return nil, err
		}
		object[key] = value
	}
	return object, nil
}
