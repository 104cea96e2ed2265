package serve

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"
)

// TestLogQueueNeverWaits: a pipe that nobody reads takes some lines, the queue some more, and whoever logs goes on. Once
// somebody reads, what is left arrives, and how much was lost.
func TestLogQueueNeverWaits(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	queue := newLogQueue(write, 8)
	line := append(bytes.Repeat([]byte("x"), 1<<16-1), '\n') // as much as a pipe holds
	for range 100 {
		if n, err := queue.Write(line); n != len(line) || err != nil {
			t.Fatalf("%d bytes written, error %v", n, err)
		}
	}
	queue.close(0) // nor does who ends
	go func() { <-queue.ended; _ = write.Close() }()
	all, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	written, lost := bytes.Count(all, line), 0
	for rest := range bytes.Lines(bytes.ReplaceAll(all, line, nil)) {
		var entry struct {
			Message string
			Count   int
		}
		if err := json.Unmarshal(rest, &entry); err != nil || entry.Message != "Log lines lost" {
			t.Errorf("%v: %s", err, rest)
		}
		lost += entry.Count
	}
	if written < 8 || written+lost != 100 {
		t.Errorf("%d lines written, %d told of as lost, want 100 together", written, lost)
	}
}

// fullDisk fails until it is freed.
type fullDisk struct {
	mu   sync.Mutex
	free bool
	text bytes.Buffer
}

func (d *fullDisk) Write(text []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.free {
		return 0, syscall.ENOSPC
	}
	return d.text.Write(text)
}

func TestLogQueueOutlivesAFullDisk(t *testing.T) {
	disk := &fullDisk{}
	queue := newLogQueue(disk, 100)
	write := func(text string) {
		if _, err := queue.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	write("two\n")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		queue.mu.Lock()
		lost := queue.lost
		queue.mu.Unlock()
		if lost == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d lines lost, want 2", lost)
		}
	}
	disk.mu.Lock()
	disk.free = true
	disk.mu.Unlock()
	write("three\n")
	queue.close(time.Minute)
	write("four\n") // too late, and no panic
	if text := disk.text.String(); !strings.HasPrefix(text, "three\n") || !strings.Contains(text, `"count":2}`) || strings.Contains(text, "four") {
		t.Errorf("written:\n%s", text)
	}
}

// TestServerLogIsJSON: a client that does not speak TLS, and what a server tells of a panic, are logged in JSON on one line
// each, escaped, and no more than some at once.
func TestServerLogIsJSON(t *testing.T) {
	logs := &lockedBuffer{}
	newLogger(logs, zapcore.InfoLevel)
	t.Cleanup(func() { stdlog.SetOutput(os.Stderr) })
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.StartTLS()
	defer server.Close()
	for range 50 {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(connection, "\x1b[31mno TLS\n\n\n")
		_, _ = io.ReadAll(connection) // until it is closed
		connection.Close()
	}
	if _, err := tls.Dial("tcp", server.Listener.Addr().String(), nil); err == nil {
		t.Error("the certificate is trusted")
	}
	stdlog.Printf("http: panic serving \x1b[31m: %s", strings.Repeat("x", 5000))
	var messages []string
	for line := range strings.Lines(logs.String()) {
		var entry struct{ Level, Message, Error string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\n\x1b") {
			t.Fatalf("%v: %q", err, line)
		}
		if !strings.HasPrefix(entry.Error, "http: ") || len(entry.Error) > 2000 {
			t.Errorf("error %q", entry.Error)
		}
		messages = append(messages, entry.Level+": "+entry.Message)
	}
	if len(messages) < serverLogBurst || len(messages) > 2*serverLogBurst {
		t.Errorf("%d lines", len(messages))
	}
	if diff := cmp.Diff("error: Connection failed", messages[0]); diff != "" {
		t.Error(diff)
	}
}

// closedPipe returns a pipe that nobody reads any more.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err := errors.Join(err, read.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = write.Close() })
	return write
}

func TestLogQueueOutlivesAClosedPipe(t *testing.T) {
	queue := newLogQueue(closedPipe(t), 8)
	for range 100 {
		if _, err := queue.Write([]byte("a line\n")); err != nil {
			t.Fatal(err)
		}
	}
	queue.close(time.Minute)
}
