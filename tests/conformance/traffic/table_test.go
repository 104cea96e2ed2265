//go:build linux

package traffic

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"istio.io/istio/tools/common/config"
	"istio.io/istio/tools/istio-nftables/pkg/builder"
	"istio.io/istio/tools/istio-nftables/pkg/capture"
	"istio.io/istio/tools/istio-nftables/pkg/constants"
	"sigs.k8s.io/knftables"
)

// row is one configuration of the table with which Istio tests its rules.
type row struct {
	name   string
	config config.Config
}

// captureDir returns the folder of Istio's rules, in the module cache.
func captureDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio").Output()
	if err != nil {
		t.Fatalf("find the module %q: %v", "istio.io/istio", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "tools", "istio-nftables", "pkg", "capture")
}

// readTable reads the table out of the source of Istio's test. What it does not understand ends the test.
func readTable(t *testing.T) []row {
	t.Helper()
	file := filepath.Join(captureDir(t), "run_test.go")
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Name.Name != "getCommonTestCases" {
			continue
		}
		table := function.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.CompositeLit)
		for _, element := range table.Elts {
			fields := element.(*ast.CompositeLit).Elts
			name, err := strconv.Unquote(fields[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			r := row{name: name, config: *config.DefaultConfig()}
			r.config.ProxyUID, r.config.ProxyGID = constants.DefaultProxyUID, constants.DefaultProxyUID
			for _, statement := range fields[1].(*ast.FuncLit).Body.List {
				if err := assign(&r.config, statement); err != nil {
					t.Fatalf("read the row %q: %v", name, err)
				}
			}
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("there is no table in %s", file)
	}
	return rows
}

// assign does what a statement `cfg.Field = literal` says.
func assign(c *config.Config, statement ast.Stmt) error {
	assignment := statement.(*ast.AssignStmt)
	name := assignment.Lhs[0].(*ast.SelectorExpr).Sel.Name
	value, err := evaluate(assignment.Rhs[0])
	if err != nil {
		return fmt.Errorf("evaluate field %q: %w", name, err)
	}
	reflect.ValueOf(c).Elem().FieldByName(name).Set(reflect.ValueOf(value))
	return nil
}

// evaluate returns the value of a string, a boolean, or a list of strings.
func evaluate(expression ast.Expr) (any, error) {
	switch x := expression.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(x.Value)
	case *ast.Ident:
		return strconv.ParseBool(x.Name)
	case *ast.CompositeLit:
		var list []string
		for _, element := range x.Elts {
			text, err := evaluate(element)
			if err != nil {
				return nil, err
			}
			list = append(list, text.(string))
		}
		return list, nil
	}
	return nil, fmt.Errorf("unknown expression %T", expression)
}

// TestTable shows that the table is read as it is meant: of each row Istio's builder makes what Istio's golden says.
func TestTable(t *testing.T) {
	for _, r := range readTable(t) {
		t.Run(r.name, func(t *testing.T) {
			mock := builder.NewMockNftables("", "")
			configurator, err := capture.NewNftablesConfigurator(&r.config,
				func(knftables.Family, string) (builder.NftablesAPI, error) { return mock, nil })
			if err != nil {
				t.Fatal(err)
			}
			rules, err := configurator.Run()
			if err != nil {
				t.Fatal(err)
			}
			golden, err := os.ReadFile(filepath.Join(captureDir(t), "testdata", r.name+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(golden)), strings.TrimSpace(mock.Dump(rules))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
