package app

import (
	"context"
	"io"
	"strings"
	"testing"
)

// TestAsk: anything but a yes is a no, and an interrupt ends the question.
func TestAsk(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, " YES \n": true, "y": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		var asked strings.Builder
		if got, err := ask(t.Context(), strings.NewReader(answer), &asked, "Well? "); err != nil || got != want || asked.String() != "Well? " {
			t.Errorf("%q: got %t, %v, asked %q; want %t", answer, got, err, asked.String(), want)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	nobody, hold := io.Pipe()
	defer func() { _ = hold.Close() }()
	if _, err := ask(ctx, nobody, io.Discard, "Well? "); err == nil || err.Error() != "interrupted, nothing is restarted" {
		t.Errorf("interrupted: %v", err)
	}
}
