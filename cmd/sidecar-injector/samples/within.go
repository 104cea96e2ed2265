package samples

import (
	"context"
	"fmt"
	"time"
)

// TooSlow says that something took longer than this.
type TooSlow time.Duration

func (t TooSlow) Error() string {
	return fmt.Sprintf("rendering takes longer than %s", time.Duration(t))
}

// Within returns what render returns, or a TooSlow if that takes longer than patience, or the error of ctx if it ends before.
// A template that does not end cannot be stopped, only left behind: render may still run afterwards.
func Within[T any](ctx context.Context, patience time.Duration, render func() T) (result T, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, TooSlow(patience))
	defer cancel()
	done := make(chan T, 1)
	go func() { done <- render() }()
	select {
	case result := <-done:
		return result, nil
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}
