//go:build linux

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"traffic-redirect": main})
}

// TestScripts runs each case of testdata with the program itself. None needs root: they print rules, or are refused.
// UPDATE_GOLDEN=1 rewrites the files that cases compare output with; that run stays red if anything was rewritten.
func TestScripts(t *testing.T) {
	update := os.Getenv("UPDATE_GOLDEN") != ""
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: update, RequireExplicitExec: true})
	if update {
		t.Error("the cases were run with UPDATE_GOLDEN: look at what changed, then run again without it")
	}
}
