// Command app is the application of the node's tests, in images of their own name:
//
//	app serve             a server on port 80, or $PORT
//	app get URL           one request; prints status and body
//	app pause             does nothing until it is told to end
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "serve":
		return serve(ctx, cmp.Or(os.Getenv("PORT"), "80"))
	case len(args) == 2 && args[0] == "get":
		return get(ctx, os.Stdout, args[1])
	case len(args) == 1 && args[0] == "pause":
		<-ctx.Done()
		return nil
	}
	return fmt.Errorf("unknown arguments %q; want serve, get URL or pause", args)
}

// serve answers until ctx ends, and then what is under way.
func serve(ctx context.Context, port string) error {
	server := &http.Server{Addr: ":" + port, Handler: newHandler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(last)
	}
}

// get makes one request. An answer of any status is no error.
func get(ctx context.Context, out io.Writer, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Fprintln(out, response.StatusCode)
	_, err = io.Copy(out, response.Body)
	return err
}
