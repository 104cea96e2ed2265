package app

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// logAs makes what libraries log warnings on stderr, each in one line, until the function is called that it returns.
// Kustomize logs names from kustomizations, and Kubernetes' client what servers answer.
func logAs(stderr io.Writer) (restore func()) {
	warnings := &warnings{out: stderr}
	log.SetFlags(0)
	log.SetOutput(warnings)
	klog.SetLogger(logr.New(warnings))
	return func() {
		log.SetOutput(os.Stderr)
		klog.ClearLogger()
	}
}

// warnings writes what is logged, the same once only. Any number of goroutines may call its methods.
type warnings struct {
	out  io.Writer
	mu   sync.Mutex
	last string
}

// Write is for the standard library's log.
func (w *warnings) Write(text []byte) (int, error) {
	message := terminal.Text(strings.TrimSpace(strings.TrimPrefix(string(text), "Warning: ")))
	w.mu.Lock()
	defer w.mu.Unlock()
	if message == w.last {
		return len(text), nil
	}
	w.last = message
	if _, err := fmt.Fprintln(w.out, "warning:", message); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Init is there for logr, as are the methods below.
func (w *warnings) Init(logr.RuntimeInfo) {}

// Enabled leaves out what is for who looks for faults in the client.
func (w *warnings) Enabled(level int) bool { return level == 0 }

// Info writes the message.
func (w *warnings) Info(_ int, message string, _ ...any) { fmt.Fprint(w, message) }

// Error writes the message and the error.
func (w *warnings) Error(err error, message string, _ ...any) { fmt.Fprintf(w, "%s: %v", message, err) }

// WithValues leaves values out.
func (w *warnings) WithValues(...any) logr.LogSink { return w }

// WithName leaves names out.
func (w *warnings) WithName(string) logr.LogSink { return w }
