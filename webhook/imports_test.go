package webhook

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/sidecar-injector/sidecar-injector/"

// TestImports: who imports webhook or templates gets neither a mesh's API nor the program. (Protocol buffers come with
// Prometheus' client; none of ours needs them.)
func TestImports(t *testing.T) {
	// What a folder at the top may import of ours.
	allowed := map[string][]string{
		"webhook":   {"templates", "internal/"},
		"templates": {"templates/internal/", "internal/"},
		"internal":  {"internal/"},
	}
	for _, dependency := range dependencies(t, "../webhook", "../templates") {
		if strings.HasPrefix(dependency.ImportPath, "istio.io/") {
			t.Errorf("%s is a dependency", dependency.ImportPath)
		}
		room, ours := strings.CutPrefix(dependency.ImportPath, module)
		if !ours {
			continue
		}
		for _, path := range dependency.Imports {
			if strings.HasPrefix(path, "google.golang.org/protobuf") {
				t.Errorf("%s imports %s", room, path)
			}
			other, ours := strings.CutPrefix(path, module)
			top, _, _ := strings.Cut(room, "/")
			if ours && !covered(allowed[top], other) {
				t.Errorf("%s imports %s", room, other)
			}
		}
	}
}

// covered says that a path is one of those allowed, or below one that ends with a slash.
func covered(allowed []string, path string) bool {
	for _, a := range allowed {
		if a == path || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a) {
			return true
		}
	}
	return false
}

type listed struct {
	ImportPath string
	Imports    []string
}

// dependencies returns the packages that some packages are made of, themselves included.
func dependencies(t *testing.T, packages ...string) []listed {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Imports"}, packages...)...).Output()
	if err != nil {
		t.Fatalf("list the dependencies: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one listed
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("read the dependencies: %v", err)
		}
		all = append(all, one)
	}
}
