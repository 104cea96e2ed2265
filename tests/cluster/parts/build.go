package parts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// build compiles one program to its place, under another name until it is whole.
func build(ctx context.Context, p program, out io.Writer) error {
	temporary := fmt.Sprintf("%s.%d.tmp", p.path, os.Getpid())
	defer func() { _ = os.Remove(temporary) }()
	line := newProgress(out, strings.TrimSpace(filepath.Base(p.path)+" "+p.version))
	defer line.close()
	compiled, err := compile(ctx, p, temporary, line, []string{"CGO_ENABLED=0"}, "-trimpath", "-tags", p.tags, "-ldflags", strings.TrimSpace("-s -w "+p.ldflags))
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, p.path); err != nil {
		return err
	}
	line.done(fmt.Sprintf("built, %d packages compiled", compiled))
	return nil
}

// BuildOwn builds a main package of the repository to the file path, each time
// it is called; the go command knows when nothing is to be done. Module is the
// folder of the module, pkg the package in it. Progress is told to out as Build
// does, but only if it takes long enough for somebody to wonder. The flags are
// those of make build: what is tested is what is shipped.
func BuildOwn(ctx context.Context, module, pkg, path string, out io.Writer) error {
	line := newProgress(out, filepath.Base(path))
	defer line.close()
	if _, err := compile(ctx, program{path: path, module: module, pkg: pkg}, path, line, []string{"CGO_ENABLED=0"}, "-trimpath", "-ldflags", "-s -w"); err != nil {
		return fmt.Errorf("build %s: %w", filepath.Base(path), err)
	}
	return nil
}

// compile runs the go command for one program, telling line about it, and
// returns how many packages were compiled.
func compile(ctx context.Context, p program, to string, line *progress, env []string, flags ...string) (int, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	line.set("fetching modules")
	list, err := goCommand(ctx, p.module, env, nil, "list", "-deps", p.pkg)
	if err != nil {
		return 0, err
	}
	total := bytes.Count(list, []byte("\n"))
	compiled := 0
	line.set(fmt.Sprintf("compiling, at most %d packages", total))
	count := func(text string) {
		// go build -v prints the path of each package that it compiles;
		// anything else it says has spaces in it.
		if !strings.ContainsAny(text, " \t#") {
			compiled++
			line.set(fmt.Sprintf("compiling, %d of at most %d packages", compiled, total))
		}
	}
	args := append([]string{"build", "-v", "-o", to}, flags...)
	_, err = goCommand(ctx, p.module, env, count, append(args, p.pkg)...)
	return compiled, err
}

// goCommand runs the go command in a module, with env added to the environment,
// and returns its standard output. onLine, if not nil, is given each line of its standard error. The command runs
// in a process group of its own, which is interrupted as a whole when ctx ends,
// so that no compiler lives on.
func goCommand(ctx context.Context, dir string, env []string, onLine func(string), args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run go %s: %w", args[0], err)
	}
	var last []string // what the command said, but for the list of packages
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if onLine != nil {
			onLine(lines.Text())
		}
		if strings.ContainsAny(lines.Text(), " \t") && !strings.HasPrefix(lines.Text(), "go: downloading ") {
			last = append(last, lines.Text())
		}
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run go %s in %q: %w", args[0], dir, err), errors.New(tail(last, 20)))
	}
	return stdout.Bytes(), nil
}

// tail joins the last n lines.
func tail(lines []string, n int) string {
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// copyCRDs puts cert-manager's CustomResourceDefinitions, which are in its
// module, into the folder to, unless that is there already.
func copyCRDs(ctx context.Context, module, to string) error {
	if exists(to) {
		return nil
	}
	source, err := moduleDir(ctx, module, "github.com/cert-manager/cert-manager")
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(source, "deploy", "crds", "*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("find deploy/crds/*.yaml in %q: none there", source)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(to), "crds.*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(temporary, filepath.Base(file)), text, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	if err := os.Rename(temporary, to); err != nil && !exists(to) {
		return err
	}
	return nil
}

// moduleDir returns the folder in the module cache of a module that the go.mod in
// dir requires, and downloads it if it is not there.
func moduleDir(ctx context.Context, dir, module string) (string, error) {
	text, err := goCommand(ctx, dir, nil, nil, "mod", "download", "-json", module)
	if err != nil {
		return "", err
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(text, &downloaded); err != nil {
		return "", fmt.Errorf("read the answer of go mod download: %w", err)
	}
	return downloaded.Dir, nil
}
