package certs

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// write puts a pair into the folder.
func write(t *testing.T, dir string, certificate, key []byte) {
	t.Helper()
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileSourceFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	first, key, err := selfSign([]string{"first"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, first, key)
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	source, err := NewFileSource(FileOptions{Dir: dir, Interval: 5 * time.Millisecond, Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- source.Start(t.Context()) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	served := func() string {
		pair, err := source.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.DNSNames[0]
	}
	if served() != "first" {
		t.Fatal("the first pair is not served from the start")
	}

	expired, key, err := selfSign([]string{"expired"}, time.Now().Add(-2*selfSignedLife))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, expired, key)
	eventually(t, "the expired pair is refused, and counted once", func() bool {
		return testutil.ToFloat64(metrics.refused.WithLabelValues("expired")) == 1
	})
	if served() != "first" {
		t.Error("the last good pair is not kept")
	}
	second, key, err := selfSign([]string{"second"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	// A named pipe in between is not waited for.
	if err := errors.Join(os.Remove(filepath.Join(dir, "tls.crt")), syscall.Mkfifo(filepath.Join(dir, "tls.crt"), 0o600)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pipe is refused", func() bool { return testutil.ToFloat64(metrics.refused.WithLabelValues("malformed")) > 0 })
	if err := os.Remove(filepath.Join(dir, "tls.crt")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, second, key)
	eventually(t, "the second pair is served", func() bool { return served() == "second" })
	pair, err := source.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "its end is in the metric", func() bool { return testutil.ToFloat64(metrics.expiry) == float64(pair.Leaf.NotAfter.Unix()) })
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func TestNewFileSourceRefuses(t *testing.T) {
	good, key, err := selfSign([]string{"x"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	old, oldKey, err := selfSign([]string{"x"}, time.Now().Add(-2*selfSignedLife))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		certificate, key []byte
		want             string
	}{
		"a pair that does not match": {good, oldKey, "does not match"},
		"an expired pair":            {old, oldKey, "expired at"},
		"garbage":                    {[]byte("garbage"), key, "failed to find any PEM data"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, test.certificate, test.key)
			if _, err := NewFileSource(FileOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	t.Run("a folder that is not there", func(t *testing.T) {
		if _, err := NewFileSource(FileOptions{Dir: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got error %v, want that of the missing file", err)
		}
	})
	t.Run("a named pipe", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, good, key)
		if err := errors.Join(os.Remove(filepath.Join(dir, "tls.key")), syscall.Mkfifo(filepath.Join(dir, "tls.key"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := NewFileSource(FileOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "tls.key: it is a named pipe") {
			t.Errorf("got error %v, want that it is a named pipe", err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		if _, err := NewFileSource(FileOptions{}); err == nil {
			t.Error("no error")
		}
	})
}

func TestSelfSignedVerifiesUnderItsOwnCA(t *testing.T) {
	source, err := NewSelfSigned([]string{"webhook.ns.svc", "127.0.0.1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := source.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	cas := source.CAs()
	if len(cas) != 1 || !cas[0].KeepUntil.Equal(pair.Leaf.NotAfter) || !roots.AppendCertsFromPEM(cas[0].PEM) {
		t.Fatalf("got CAs %v, want one in PEM until the pair expires", cas)
	}
	for _, host := range []string{"webhook.ns.svc", "127.0.0.1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := NewSelfSigned(nil, nil); err == nil {
		t.Error("no error without a host")
	}
}
