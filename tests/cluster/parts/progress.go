package parts

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// In a terminal the line moves every second; in a file or a pipe a line every 20
// seconds shows that it is alive without filling the log.
const (
	terminalInterval = time.Second
	pipeInterval     = 20 * time.Second
)

// progress tells about one long task: what it does now, and for how long it has
// been at it. Its methods may be called from several goroutines.
type progress struct {
	out      io.Writer
	terminal bool
	name     string
	start    time.Time
	stop     chan struct{}
	stopped  sync.WaitGroup
	once     sync.Once

	mu    sync.Mutex
	text  string
	shown bool // a line without its end stands in the terminal
}

// newProgress starts telling; close or done ends it. A nil out tells nothing.
func newProgress(out io.Writer, name string) *progress {
	if out == nil {
		out = io.Discard
	}
	p := &progress{out: out, terminal: isTerminal(out), name: name, start: time.Now(), stop: make(chan struct{})}
	interval := pipeInterval
	if p.terminal {
		interval = terminalInterval
	}
	p.stopped.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
				p.print(false)
			}
		}
	})
	return p
}

// set says what the task does now.
func (p *progress) set(text string) {
	p.mu.Lock()
	p.text = text
	p.mu.Unlock()
}

// done ends the telling with a last line.
func (p *progress) done(text string) {
	p.once.Do(func() {
		close(p.stop)
		p.stopped.Wait()
		p.set(text)
		p.print(true)
	})
}

// close ends the telling, if done has not, and leaves no line behind in a
// terminal.
func (p *progress) close() {
	p.once.Do(func() {
		close(p.stop)
		p.stopped.Wait()
		if p.terminal && p.shown {
			fmt.Fprint(p.out, "\r\033[K")
		}
	})
}

func (p *progress) print(last bool) {
	p.mu.Lock()
	text := p.text
	p.mu.Unlock()
	line := fmt.Sprintf("  %-34s %6s  %s", p.name, time.Since(p.start).Round(time.Second), text)
	switch {
	case !p.terminal:
		fmt.Fprintln(p.out, line)
	case last:
		fmt.Fprintf(p.out, "\r\033[K%s\n", line)
	default:
		p.shown = true
		fmt.Fprintf(p.out, "\r\033[K%s", line)
	}
}

// isTerminal says whether out is a character device, such as a terminal.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
