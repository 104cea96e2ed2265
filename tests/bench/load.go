package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// clients is how many requests are on the way at once.
const clients = 64

// load sends reviews over HTTPS, from many clients at once, as the API server does: HTTP/1.1, connections kept.
type load struct {
	url    string
	client *http.Client
}

// newLoad returns the load for a webhook. The server's certificate is not checked: it is made anew each time.
func newLoad(address, path string) load {
	return load{url: "https://" + address + path, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		MaxIdleConnsPerHost: clients,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}},
	}}}
}

// send sends each of the reviews, and returns how long each was on the way, sorted. Every pod has to be injected.
func (l load) send(reviews [][]byte) ([]time.Duration, error) {
	latencies := make([]time.Duration, len(reviews))
	var next, failures atomic.Int64
	var failure error
	var once sync.Once
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(reviews) || failures.Load() > 0 {
					return
				}
				begin := time.Now()
				if err := l.ask(reviews[i]); err != nil {
					failures.Add(1)
					once.Do(func() { failure = err })
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	running.Wait()
	slices.Sort(latencies)
	return latencies, failure
}

func (l load) ask(review []byte) error {
	answer, err := l.client.Post(l.url, "application/json", bytes.NewReader(review))
	if err != nil {
		return fmt.Errorf("ask the webhook: %w", err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("read the webhook's answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"patch"`)) {
		return fmt.Errorf("ask the webhook: status %d: %.500s", answer.StatusCode, text)
	}
	return nil
}
