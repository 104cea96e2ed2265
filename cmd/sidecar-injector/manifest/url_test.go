package manifest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve starts a server whose paths answer in different ways; asked counts its requests.
func serve(t *testing.T) (server *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	late := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/good.yaml", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(configMap)) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/good.yaml", http.StatusFound)
	})
	mux.HandleFunc("/recovers", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Load() < fetchAttempts {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(configMap))
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>\n")) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) })
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "7") })
	mux.HandleFunc("/late", func(http.ResponseWriter, *http.Request) { <-late })
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(late) })
	return server, asked
}

func testFetcher(timeout time.Duration) *fetcher {
	return &fetcher{client: &http.Client{Timeout: timeout}, limit: 1000}
}

// documents reads the documents that a URL answers with.
func (f *fetcher) documents(ctx context.Context, address string) ([]Document, error) {
	source, data, err := f.fetch(ctx, address)
	if err != nil {
		return nil, err
	}
	var r reader
	err = r.parse(source, data)
	return r.documents, err
}

func TestURLs(t *testing.T) {
	cases := map[string]int64{"/good.yaml": 1, "/moved": 2, "/recovers": fetchAttempts}
	for path, requests := range cases {
		t.Run(path, func(t *testing.T) {
			server, asked := serve(t)
			got, err := testFetcher(time.Minute).documents(t.Context(), server.URL+path)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || string(got[0].Raw) != configMap || got[0].Source != server.URL+path {
				t.Errorf("read %+v", got)
			}
			if asked.Load() != requests {
				t.Errorf("%d requests, want %d", asked.Load(), requests)
			}
		})
	}
}

func TestURLErrors(t *testing.T) {
	cases := map[string]struct {
		path, want string
		requests   int64
	}{
		"nothing there":                      {"/none.yaml", "the server answers 404 Not Found", 1},
		"a server that fails is asked again": {"/broken", "the server answers 500 Internal Server Error", fetchAttempts},
		"more than can be meant":             {"/large", "the server sends more than 1000 bytes", 1},
		"an answer that ends early":          {"/short", "unexpected EOF", 1},
		"no answer":                          {"/late", "no whole answer within 50ms", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server, asked := serve(t)
			timeout := time.Minute
			if c.path == "/late" {
				timeout = 50 * time.Millisecond
			}
			_, err := testFetcher(timeout).documents(t.Context(), server.URL+c.path)
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			if diff := cmp.Diff(`read "`+server.URL+c.path+`": `+c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if asked.Load() != c.requests {
				t.Errorf("%d requests, want %d", asked.Load(), c.requests)
			}
		})
	}
}

func TestURLOfAPageIsNoManifest(t *testing.T) {
	server, _ := serve(t)
	_, err := testFetcher(time.Minute).documents(t.Context(), server.URL+"/page")
	want := server.URL + "/page:1 (document 1): it is a string, want a Kubernetes object: a mapping with apiVersion and kind"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestURLErrorsHideThePassword(t *testing.T) {
	server, _ := serve(t)
	address := strings.Replace(server.URL, "://", "://me:secret@", 1) + "/none.yaml"
	_, err := testFetcher(time.Minute).documents(t.Context(), address)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one without the password", err)
	}
}

func TestURLIsGivenUpWithTheContext(t *testing.T) {
	server, _ := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := testFetcher(time.Minute).documents(ctx, server.URL+"/late")
	if err == nil || !strings.HasSuffix(err.Error(), ": context canceled") {
		t.Errorf("error %v, want context canceled", err)
	}
}
