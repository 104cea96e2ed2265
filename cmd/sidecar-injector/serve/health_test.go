package serve

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestReadyz(t *testing.T) {
	ok := readinessCheck{"config", func() error { return nil }}
	bad := readinessCheck{"pair", func() error { return errors.Join(errors.New("no key"), errors.New("no certificate")) }}
	cases := map[string]struct {
		checks []readinessCheck
		query  string
		status int
		body   string
	}{
		"all is there":            {[]readinessCheck{ok}, "", http.StatusOK, "ok\n"},
		"what is missing is said": {[]readinessCheck{ok, bad}, "", http.StatusServiceUnavailable, "not ready\npair: no key; no certificate\n"},
		"verbose lists them all":  {[]readinessCheck{ok, bad}, "?verbose", http.StatusServiceUnavailable, "[+] config: ok\n[-] pair: no key; no certificate\n"},
		"nothing to check":        {nil, "", http.StatusOK, "ok\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			readyz(c.checks, nil).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz"+c.query, nil))
			if recorder.Code != c.status || recorder.Body.String() != c.body {
				t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, c.status, c.body)
			}
		})
	}
}

func TestHealthServerNeedsItsAddress(t *testing.T) {
	first, err := newHealthServer("127.0.0.1:0", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Listener.Close()
	if _, err := newHealthServer(first.Listener.Addr().String(), nil, nil); err == nil {
		t.Error("an address that is taken was taken again")
	}
}
