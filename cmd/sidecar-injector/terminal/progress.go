package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long a person waits before a bar is shown, pause how often it is drawn.
	patience = time.Second
	pause    = 100 * time.Millisecond
	barWidth = 30
)

// Progress shows on a terminal how far something is, once it takes longer than a second, and takes the bar away at the
// end. On anything else it shows nothing. Its methods may be called concurrently.
type Progress struct {
	out   io.Writer
	label string
	total int
	start time.Time
	ended chan struct{}
	drawn sync.WaitGroup
	mu    sync.Mutex
	done  int
	shown bool
}

// NewProgress begins. total is how many steps there are, 0 if that is not known. Done has to be called.
func NewProgress(out io.Writer, label string, total int) *Progress {
	p := &Progress{out: Raw(out), label: Text(label), total: total, start: time.Now(), ended: make(chan struct{})}
	if Is(out) {
		p.drawn.Go(p.draw)
	}
	return p
}

// Add notes that so many steps more are done.
func (p *Progress) Add(steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += steps
}

// Done takes the bar away.
func (p *Progress) Done() {
	close(p.ended)
	p.drawn.Wait()
	if p.shown {
		fmt.Fprint(p.out, clearLine)
	}
}

func (p *Progress) draw() {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-wait.C:
			p.mu.Lock()
			line := barOf(p.label, p.done, p.total, time.Since(p.start))
			p.mu.Unlock()
			p.shown = true
			fmt.Fprint(p.out, clearLine+cut(line, Width(p.out)-1))
			wait.Reset(pause)
		}
	}
}

// barOf is a line of the bar, short enough for a terminal of 80 columns.
func barOf(label string, done, total int, elapsed time.Duration) string {
	if total <= 0 {
		return fmt.Sprintf("%s: %d (%s)", label, done, elapsed.Round(time.Second))
	}
	full := barWidth * min(done, total) / total
	return fmt.Sprintf("%s: [%s%s] %d/%d", label, strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done, total)
}
