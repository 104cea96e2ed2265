package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	neturl "net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// load makes requests until all are made or ctx ends.
func load(ctx context.Context, url, count, pause string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	interval, err := time.ParseDuration(pause)
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for range n {
		status, _, err := get(ctx, url)
		switch {
		case errors.Is(err, context.Canceled):
			return err
		case err != nil:
			seen["none"]++
		default:
			seen[strconv.Itoa(status)]++
		}
		time.Sleep(interval)
	}
	for _, status := range slices.Sorted(maps.Keys(seen)) {
		fmt.Printf("%s=%d ", status, seen[status])
	}
	fmt.Println()
	return nil
}

// bench makes requests on connections that are kept, one at a time on each, and prints how many were answered in a
// second, how many failed, and the median and the 99th percentile of the times they took.
func bench(ctx context.Context, url string, args []string) error {
	connections, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	duration, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	var pause time.Duration // of one connection, from one request to the next
	if len(args) > 2 {
		rate, err := strconv.ParseFloat(args[2], 64)
		if err != nil {
			return err
		}
		pause = time.Duration(float64(connections) / rate * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	failed := 0
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	var wait sync.WaitGroup
	start := time.Now()
	for i := range connections {
		wait.Go(func() {
			next := start.Add(pause * time.Duration(i) / time.Duration(connections))
			for ; ; next = next.Add(pause) {
				select {
				case <-time.After(time.Until(next)):
				case <-ctx.Done():
					return
				}
				begin := time.Now()
				err := once(ctx, client, url)
				if ctx.Err() != nil {
					return // cut off, or answered too late to count
				}
				mu.Lock()
				took = append(took, time.Since(begin))
				if err != nil {
					failed++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if len(took) == 0 {
		return errors.New("no request was answered")
	}
	slices.Sort(took)
	fmt.Printf("requests=%d failed=%d rate=%.0f p50=%s p99=%s\n", len(took), failed, float64(len(took))/duration.Seconds(), took[len(took)/2], took[len(took)*99/100])
	return nil
}

// once makes one request, which has to be answered with 200.
func once(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	err = errors.Join(err, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return err
}

// stall asks on many connections and reads nothing, as clients behind slow lines do. What it asked for piles up at the
// other end.
func stall(ctx context.Context, url, count, duration string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	lasting, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	target, err := neturl.Parse(url)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lasting)
	defer cancel()
	for range n {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(target.Hostname(), "80"))
		if err != nil {
			break // the other end had enough
		}
		defer func() { _ = connection.Close() }()
		_ = connection.(*net.TCPConn).SetReadBuffer(4096)
		if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target.Path, target.Host); err != nil {
			break
		}
	}
	<-ctx.Done()
	return nil
}
