package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sidecar-injector": main})
}

// TestScripts runs each case of testdata with the program itself. UPDATE_GOLDEN=1 rewrites the files that cases compare
// output with (cmp, not cmpenv); that run stays red if anything was rewritten.
func TestScripts(t *testing.T) {
	examples, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	update := os.Getenv("UPDATE_GOLDEN") != ""
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       update,
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exit": exit},
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples+"/../../examples")
			return nil
		},
	})
	if update {
		t.Error("the cases were run with UPDATE_GOLDEN: look at what changed, then run again without it")
	}
}

// exit runs the program and checks its exit code and that it printed nothing but an error: `exit 1 preview -f none`.
// For wrong usage that is the error and a hint, otherwise the error alone; of commands that look for something exit code
// 2 is either. Use stderr afterwards to check the text.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE ARGUMENT...")
	}
	err := ts.Exec("sidecar-injector", args[1:]...)
	code := "0"
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = strconv.Itoa(failed.ExitCode())
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("printed on standard output: %s", out)
	}
	printed := strings.SplitAfter(ts.ReadFile("stderr"), "\n")
	hint := code == "2" && len(printed) == 3 && strings.HasPrefix(printed[1], "See '")
	if !strings.HasPrefix(printed[0], "error: ") || len(printed) != 2 && !hint {
		ts.Fatalf("%d lines on standard error, want the error, and after wrong usage a hint", len(printed)-1)
	}
}
