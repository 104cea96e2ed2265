//go:build linux

package envoy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/envoy/wheel"
	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// programs are what runs in the worlds of these tests, as paths below folder.
var programs struct{ folder, envoy, redirect string }

// TestMain prints what was seen, and removes what ready has made.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs.folder, err = os.MkdirTemp("", "envoy"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs.folder)
		defer printReport(os.Stdout)
		return m.Run()
	}())
}

// ready brings Envoy and builds traffic-redirect, once. Its error says what is missing, and so does a line that cannot be
// overlooked.
var ready = sync.OnceValue(func() error {
	var err error
	if missing := world.Missing(); missing != "" {
		err = errors.New(missing)
	} else {
		err = prepare(programs.folder)
	}
	if err != nil {
		line := strings.Repeat("!", 100)
		fmt.Fprintf(os.Stderr, "%s\nWARNING: NO ENVOY RUNS IN THESE TESTS: %s\n%s\n", line, err, line)
	}
	return err
})

// needEnvoy ends a test that needs Envoy where it is not there: as skipped, or as failed where the variable CI is true.
func needEnvoy(t *testing.T) {
	t.Helper()
	if err := ready(); err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("NO ENVOY: %v", err)
	} else if err != nil {
		t.Skipf("NO ENVOY: %v", err)
	}
}

// prepare puts both programs into a folder, from which the proxy's user can run them.
func prepare(folder string) (err error) {
	if programs.redirect, err = world.Build("../..", folder); err != nil {
		return err
	}
	found, err := wheel.Find("../..")
	if err != nil {
		return err
	}
	programs.envoy = filepath.Join(folder, "envoy")
	return copyFile(programs.envoy, found)
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return write(to, source)
}

// write makes a program, which is there under its name only when it is complete.
func write(program string, content io.Reader) error {
	file, err := os.CreateTemp(filepath.Dir(program), "*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing, once it has the other name
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Chmod(0o755), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), program)
}
