package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// fetchTimeout is how long one attempt may take, all of the answer included: manifests are small.
	fetchTimeout = 30 * time.Second
	// fetchAttempts is how often a server is asked that answers with an error of its own (5xx), as kubectl does.
	fetchAttempts = 3
)

func isURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// fetcher gets what stands at a URL.
type fetcher struct {
	client *http.Client
	limit  int64
	// pause is the time between two attempts.
	pause time.Duration
}

func newFetcher() *fetcher {
	return &fetcher{client: &http.Client{Timeout: fetchTimeout}, limit: maxBytes, pause: time.Second}
}

// fetch reads what a URL answers with, and names the source without a password.
func (f *fetcher) fetch(ctx context.Context, address string) (source string, data []byte, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return "", nil, fmt.Errorf("read %q: it is no URL: %w", address, err)
	}
	source = parsed.Redacted()
	if data, err = f.get(ctx, address); err != nil {
		return "", nil, fmt.Errorf("read %q: %w", source, err)
	}
	return source, data, nil
}

// get asks until there is an answer, or no hope of one.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		data, again, err := f.try(ctx, address)
		if err == nil || !again || attempt == fetchAttempts || ctx.Err() != nil {
			return data, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(f.pause):
		}
	}
}

// try asks once; again says that another attempt may help.
func (f *fetcher) try(ctx context.Context, address string) (data []byte, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, false, f.cause(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, response.StatusCode >= 500, fmt.Errorf("the server answers %s", response.Status)
	}
	data, err = io.ReadAll(io.LimitReader(response.Body, f.limit+1))
	switch {
	case err != nil:
		return nil, false, f.cause(err)
	case int64(len(data)) > f.limit:
		return nil, false, fmt.Errorf("the server sends more than %d bytes", f.limit)
	}
	return data, false, nil
}

// cause is an error without the URL, which the message names already.
func (f *fetcher) cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no whole answer within %s", f.client.Timeout)
	}
	return err
}
