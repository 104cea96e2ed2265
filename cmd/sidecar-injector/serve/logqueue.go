package serve

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// The most lines that wait to be written, and how long the last ones have when serve ends. The lines are of some hundred
// bytes.
const (
	logQueueSize = 4096
	logFlushTime = time.Second
)

// logQueue is a writer that never waits and never fails: what is below it may be a pipe that nobody reads or that is
// closed, or a file on a full disk, and admissions go on. Lines that find the queue full, or cannot be written, are lost;
// how many is written as soon as that works again. It may be used concurrently; create it with newLogQueue.
type logQueue struct {
	out   io.Writer
	ended chan struct{}

	mu     sync.Mutex
	lines  chan []byte
	closed bool
	lost   int
}

// newLogQueue returns a queue of so many lines. It writes to out until close.
func newLogQueue(out io.Writer, size int) *logQueue {
	q := &logQueue{out: out, ended: make(chan struct{}), lines: make(chan []byte, size)}
	go q.run()
	return q
}

// Write takes a line, which it copies.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return len(line), nil
	}
	select {
	case q.lines <- slices.Clone(line):
	default:
		q.lost++
	}
	return len(line), nil
}

func (q *logQueue) run() {
	defer close(q.ended)
	for line := range q.lines {
		if _, err := q.out.Write(line); err != nil {
			q.count(1)
			continue
		}
		if lost := q.takeLost(); lost > 0 {
			if _, err := fmt.Fprintf(q.out, `{"level":"error","time":%q,"message":"Log lines lost","count":%d}`+"\n", time.Now().UTC().Format(time.RFC3339Nano), lost); err != nil {
				q.count(lost)
			}
		}
	}
}

func (q *logQueue) count(lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += lost
}

func (q *logQueue) takeLost() (lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost, q.lost = q.lost, 0
	return lost
}

// close waits until everything is written, but no longer than patience. What is written to the queue afterwards is lost.
func (q *logQueue) close(patience time.Duration) {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.lines)
	}
	q.mu.Unlock()
	select {
	case <-q.ended:
	case <-time.After(patience):
	}
}
