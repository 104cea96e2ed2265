package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	stdlog "log"
	"net/http"
	"os"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/certs"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// TestDebugServer changes the log level while the server runs, and takes a profile.
func TestDebugServer(t *testing.T) {
	logs := &lockedBuffer{}
	level := zap.NewAtomicLevelAt(zapcore.InfoLevel)
	logger := newLogger(logs, level)
	t.Cleanup(func() { stdlog.SetOutput(os.Stderr) })
	address := freeAddress(t)
	server, err := newDebugServer(address, level)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, strings.TrimSpace(string(text))
	}
	for _, step := range []struct {
		set    string
		logged string // of debug, info and error
	}{{"", "info error"}, {"debug", "debug info error"}, {"warn", "error"}, {"error", "error"}, {"info", "info error"}} {
		want := "info"
		if step.set != "" {
			want = step.set
			if status, text := ask(http.MethodPut, "/debug/log-level", fmt.Sprintf(`{"level":%q}`, step.set)); status != http.StatusOK {
				t.Errorf("set %s: %d %s", step.set, status, text)
			}
		}
		if status, text := ask(http.MethodGet, "/debug/log-level", ""); status != http.StatusOK || text != fmt.Sprintf(`{"level":%q}`, want) {
			t.Errorf("the level is %d %s, want %s", status, text, want)
		}
		before := len(logs.String())
		logger.V(1).Info("debug")
		logger.Info("info")
		logger.Error(nil, "error")
		var logged []string
		for line := range strings.Lines(logs.String()[before:]) {
			var entry struct{ Message string }
			if err := jsonv2.Unmarshal([]byte(line), &entry, jsonv2.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatal(err)
			}
			logged = append(logged, entry.Message)
		}
		if got := strings.Join(logged, " "); got != step.logged {
			t.Errorf("at %s %q is logged, want %q", want, got, step.logged)
		}
	}
	if status, text := ask(http.MethodPut, "/debug/log-level", `{"level":"loud"}`); status != http.StatusBadRequest {
		t.Errorf("set no level: %d %s", status, text)
	}
	if status, text := ask(http.MethodGet, "/debug/pprof/goroutine?debug=1", ""); status != http.StatusOK || !strings.HasPrefix(text, "goroutine profile: total") {
		t.Errorf("a profile: %d %.100s", status, text)
	}
}

// panicking is a Namespaces that panics.
type panicking struct{}

func (panicking) Namespace(string) *metav1.ObjectMeta { panic("no such luck") }

// TestLogLines: what is logged with the keys that controller-runtime adds, at all levels, has no key twice, and a panic has
// its stack.
func TestLogLines(t *testing.T) {
	logs := &lockedBuffer{}
	logger := newLogger(logs, zapcore.DebugLevel)
	t.Cleanup(func() { stdlog.SetOutput(os.Stderr) })
	reconciling := log.IntoContext(t.Context(), logger.WithValues("controller", "x", "object", "x", "namespace", "x", "name", "x", "reconcileID", "x"))

	object := &unstructured.Unstructured{Object: map[string]any{"spec": "none", "metadata": map[string]any{"namespace": "shop", "name": "x"}}}
	held := toolscache.NewStore(toolscache.DeletionHandlingMetaNamespaceKeyFunc)
	if err := held.Add(object); err != nil {
		t.Fatal(err)
	}
	(&proxyConfigs{held: held}).list(reconciling)
	api := fake.NewClientBuilder().WithScheme(newScheme()).Build()
	publisher, err := certs.NewPublisher(certs.PublisherOptions{Configuration: "x", Trust: &certs.SelfSigned{}, Client: api})
	if err != nil {
		t.Fatal(err)
	}
	for _, reconciler := range []reconcile.Reconciler{publisher, &configMapSource{reloader: newTestReloader(t), reader: api}} {
		if _, err := reconciler.Reconcile(reconciling, reconcile.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: panicking{}})
	if err != nil {
		t.Fatal(err)
	}
	request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: admissionv1.Create, Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"}}}
	request.Object.Raw = []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"myapp-"},"spec":{"containers":[{"name":"myapp","image":"nginx"}]}}`)
	handler.For(webhook.ScopeNamespace, nil).Handle(log.IntoContext(t.Context(), logger), request)

	messages := map[string]map[string]any{}
	for line := range strings.Lines(logs.String()) {
		var entry map[string]any
		if err := jsonv2.Unmarshal(bytes.TrimSpace([]byte(line)), &entry); err != nil { // among others, that a name stands twice
			t.Errorf("%v: %s", err, line)
		}
		messages[fmt.Sprint(entry["message"])] = entry
	}
	for _, message := range []string{"ProxyConfig left out", "What the trust bundle is published in does not exist, it is published when it does",
		"ConfigMap of the configuration does not exist, keeping the last good configuration", "Injection failed"} {
		if messages[message] == nil {
			t.Errorf("not logged: %s", message)
		}
	}
	if stack := fmt.Sprint(messages["Injection failed"]["stack"]); !strings.Contains(stack, "panicking.Namespace") {
		t.Errorf("the stack of the panic is %q", stack)
	}
}
