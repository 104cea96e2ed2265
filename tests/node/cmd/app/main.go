// Command app is the application of the node's tests, in images of their own name:
//
//	app serve                   servers on the ports below, until it is told to end
//	app get URL                 one request; prints status and body
//	app check URL               one request; fails where the status is not 200
//	app live URL                a request to URL/begin at once, which must succeed, and one to URL/end when it is told to end
//	app load URL COUNT PAUSE    COUNT requests in a row, a pause between them; prints how many had which status
//	app bench URL CONNECTIONS TIME [RATE]
//	                            requests on so many connections for so long, RATE a second altogether or as many as can be;
//	                            prints how many were answered, how many were not with 200, and how long they took
//	app stall URL CONNECTIONS TIME
//	                            asks on so many connections and reads no answer for so long
//	app job URL [ADMIN]         as check; then it has the Envoy with the admin address ADMIN end
//	app pause                   does nothing until it is told to end
package main

import (
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
		return serve(ctx)
	case len(args) == 2 && args[0] == "get":
		status, body, err := get(ctx, args[1])
		if err == nil {
			fmt.Printf("%d\n%s", status, body)
		}
		return err
	case len(args) == 2 && args[0] == "check":
		return check(ctx, args[1])
	case len(args) == 2 && args[0] == "live":
		return live(ctx, args[1])
	case len(args) == 4 && args[0] == "load":
		return load(ctx, args[1], args[2], args[3])
	case len(args) >= 4 && len(args) <= 5 && args[0] == "bench":
		return bench(ctx, args[1], args[2:])
	case len(args) == 4 && args[0] == "stall":
		return stall(ctx, args[1], args[2], args[3])
	case len(args) >= 2 && len(args) <= 3 && args[0] == "job":
		return job(ctx, args[1], args[2:])
	case len(args) == 1 && args[0] == "pause":
		<-ctx.Done()
		return nil
	}
	return fmt.Errorf("unknown arguments %q; see the command's comment", args)
}

// get makes one request. An answer of any status is no error.
func get(ctx context.Context, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	request.Close = true // each request chooses its server anew
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func check(ctx context.Context, url string) error {
	status, body, err := get(ctx, url)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %d %s", url, status, body)
	}
	return err
}

// live needs the network from its first instruction to its last.
func live(ctx context.Context, url string) error {
	if err := check(ctx, url+"/begin"); err != nil {
		return err
	}
	<-ctx.Done()
	return check(context.Background(), url+"/end")
}

// job does its work and then ends the pod's sidecar, where it is given the address of its admin interface.
func job(ctx context.Context, url string, admin []string) error {
	if err := check(ctx, url); err != nil || len(admin) == 0 {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+admin[0]+"/quitquitquit", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
