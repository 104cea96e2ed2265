package hold

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

const (
	// pause is the time between two questions: a proxy that is up is noticed as fast as a person would.
	pause = 50 * time.Millisecond
	// patience is for one question. A proxy that listens and does not answer in it is asked again.
	patience = time.Second
)

// Wait asks an HTTP server at address (host:port) for a path, until it answers with 200 or ctx ends. The error says what
// came of the last question.
//
// The question is written by hand: the one line that is read of the answer is not worth the size of net/http in a
// program that is copied into each pod.
func Wait(ctx context.Context, address, path string) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var last error
	for {
		err := ask(ctx, address, path)
		if err == nil {
			return nil
		}
		if last == nil || !over(ctx) { // A question that is cut short says nothing of the proxy.
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the proxy is not ready: http://%s%s: %w", address, path, last)
		case <-ticker.C:
		}
	}
}

// over says that the time is up. A connection may notice that a moment before the context does.
func over(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && !time.Now().Before(deadline)
}

func ask(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		var operation *net.OpError
		if errors.As(err, &operation) {
			err = operation.Err
		}
		return err
	}
	defer func() { _ = connection.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address); err != nil {
		return err
	}
	status, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if version, answer, _ := strings.Cut(strings.TrimSpace(status), " "); !strings.HasPrefix(version, "HTTP/1.") || !strings.HasPrefix(answer+" ", "200 ") {
		return fmt.Errorf("the answer is %q", strings.TrimSpace(status))
	}
	return nil
}
