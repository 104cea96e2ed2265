//go:build linux

package world

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// Log has one line for each connection that somebody took, in order. The zero value is empty. It may be used by several
// goroutines.
type Log struct {
	mu    sync.Mutex
	lines []string
}

// add appends a line, and returns how many there are.
func (l *Log) add(format string, args ...any) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
	return len(l.lines)
}

// Take returns the lines since the last call.
func (l *Log) Take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// Expect compares the log with what it should be, and empties it; a difference is an error of the test.
func (l *Log) Expect(t *testing.T, want ...string) {
	t.Helper()
	if got := l.Take(); !slices.Equal(got, want) {
		t.Errorf("who took the connection:\n got %q\nwant %q", got, want)
	}
}
