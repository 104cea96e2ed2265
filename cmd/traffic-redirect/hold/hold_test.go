package hold

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestWait: it ends when the proxy says that it is ready, not before, whatever else the proxy says.
func TestWait(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz/ready" || r.Host != r.Context().Value(http.LocalAddrContextKey).(net.Addr).String() {
			t.Errorf("asked %s of %s", r.URL, r.Host)
		}
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
	}))
	defer server.Close()
	if err := Wait(t.Context(), server.Listener.Addr().String(), "/healthz/ready"); err != nil {
		t.Fatal(err)
	}
	if got := asked.Load(); got != 3 {
		t.Errorf("asked %d times, want until the third answer, which is 200", got)
	}
}

// TestWaitUntilSomebodyListens: a proxy that is not there yet is waited for.
func TestWaitUntilSomebodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	ended := make(chan error, 1)
	go func() { ended <- Wait(t.Context(), address, "/") }()
	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(3 * pause):
	}
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestWaitSaysWhy: when the time is up, the last thing that was in the way is told.
func TestWaitSaysWhy(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	// Whoever answers ends the waiting at the second question: the answer to the first is the last that there is.
	asked := map[string]chan bool{"teapot": make(chan bool, 100), "mail": make(chan bool, 100)}
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		asked["teapot"] <- true
	}))
	defer odd.Close()
	noProxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = noProxy.Close() }()
	go func() {
		for {
			connection, err := noProxy.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Write([]byte("220 mail\r\n"))
			_ = connection.Close()
			asked["mail"] <- true
		}
	}()
	for sentence, c := range map[string]struct {
		address, want string
		asked         chan bool
	}{
		"it answers something else": {odd.Listener.Addr().String(), "the answer is \"HTTP/1.1 418 I'm a teapot\"", asked["teapot"]},
		"it does not answer":        {silent.Addr().String(), "no answer: ", nil},
		"it is no HTTP server":      {noProxy.Addr().String(), "the answer is \"220 mail\"", asked["mail"]},
	} {
		t.Run(sentence, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.asked == nil {
				time.AfterFunc(2*patience, cancel)
			} else {
				go func() {
					<-c.asked
					<-c.asked
					cancel()
				}()
			}
			err := Wait(ctx, c.address, "/ready")
			if err == nil || !strings.HasPrefix(err.Error(), "the proxy is not ready: http://"+c.address+"/ready: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want that it contains %s", err, c.want)
			}
		})
	}
}

func TestInstall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "traffic-redirect")
	directory := t.TempDir()
	target := filepath.Join(directory, "traffic-redirect")
	for _, content := range []string{"first", "second, over the first"} {
		if err := os.WriteFile(program, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Install(program, directory); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(target)
		if err != nil || string(got) != content {
			t.Errorf("%q, %v is installed, want %q", got, err, content)
		}
		info, err := os.Stat(target)
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("mode %v, %v, want that everybody can execute it", info.Mode(), err)
		}
	}
	if left, err := os.ReadDir(directory); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	err := Install(program, filepath.Join(directory, "none"))
	if err == nil || !strings.HasPrefix(err.Error(), "copy the program to "+directory+"/none: ") || !strings.HasSuffix(err.Error(), "no such file or directory") {
		t.Errorf("a directory that is not there: %v", err)
	}
}
