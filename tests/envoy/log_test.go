//go:build linux

package envoy

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// httpFields are the fields of a request in the access log, with a pattern of each value; "-" is none.
var httpFields = map[string]string{
	"start_time": `2\d{3}-\d\d-\d\dT.*Z`, "direction": "DIRECTION", "method": "POST", "authority": "shop.example", "path": `/a/path\?b=c`,
	"protocol": `HTTP/1\.1`, "status": "418", "status_details": "via_upstream", "grpc_status": "-", "flags": "-",
	"attempts": "1", "duration_ms": `\d+`, "bytes_received": "3", "bytes_sent": "6", "client": `CLIENT:\d+`,
	"destination": "SERVER:8080", "upstream": "SERVER:8080", "upstream_failure": "-", "user_agent": "me/1",
	"forwarded_for": "FORWARDED", "request_id": `[0-9a-f-]{36}`, "trace_id": "-",
	"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}

// tcpFields are those of a connection.
var tcpFields = map[string]string{
	"start_time": `2\d{3}-\d\d-\d\dT.*Z`, "direction": "DIRECTION", "protocol": "TCP", "server_name": "-", "flags": "-",
	"duration_ms": `\d+`, "bytes_received": "2", "bytes_sent": "2", "client": `CLIENT:\d+`, "destination": "SERVER:9000",
	"upstream": "SERVER:9000", "upstream_failure": "-",
}

// Every field of the access log is filled, of requests and of connections, in both directions.
func TestEnvoyAccessLog(t *testing.T) {
	s := start(t, "", plainPod)
	for _, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, "teapot")
		})
		connection, reader := connect(t, w.client, at(w.place, 0, 8080))
		fmt.Fprint(connection, "POST /a/path?b=c HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: me/1\r\nContent-Length: 3\r\n"+
			"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nabc")
		if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusTeapot {
			t.Fatalf("%v, %v", response, err)
		}
		serveRaw(t, w.server, 9000, func(connection net.Conn, reader *bufio.Reader) { _, _ = io.Copy(connection, reader) })
		other, echo := connect(t, w.client, at(w.place, 0, 9000))
		fmt.Fprint(other, "\x00\n")
		if _, err := echo.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		_ = other.Close()
	}
	for direction, w := range s.ways() {
		client, forwarded := "10.77.0.2", "-"
		if direction == "inbound" {
			client, forwarded = "10.77.0.1", "10.77.0.1"
		}
		values := strings.NewReplacer("DIRECTION", direction, "CLIENT", client, "SERVER", at(w.place, 0, 0).Addr().String(), "FORWARDED", forwarded)
		expectFields(t, s.accesses(t, "direction", direction, "method", "POST"), httpFields, values)
		expectFields(t, s.accesses(t, "direction", direction, "protocol", "TCP"), tcpFields, values)
	}
	seen(t, "access log", "%d fields of a request and %d of a connection, in both directions", len(httpFields), len(tcpFields))
}

// expectFields expects one line with exactly these fields.
func expectFields(t *testing.T, lines []access, fields map[string]string, values *strings.Replacer) {
	t.Helper()
	if len(lines) != 1 {
		t.Errorf("%d lines in the access log, want 1: %v", len(lines), lines)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		got, there := lines[0][name]
		text := fmt.Sprint(got)
		if got == nil {
			text = "-"
		}
		if want := values.Replace(fields[name]); !there || !regexp.MustCompile("^("+want+")$").MatchString(text) {
			t.Errorf("%s is %q, want %q", name, text, want)
		}
	}
	for name := range lines[0] {
		if _, known := fields[name]; !known {
			t.Errorf("an unknown field %s", name)
		}
	}
}
