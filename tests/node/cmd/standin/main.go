// Command standin stands in for the programs of meshes that cannot be had as Go modules: under the name of a program that
// redirects traffic it does nothing, under any other it is a proxy that is ready and passes nothing on. What is shown with it
// is that the pods of a profile start, and nothing of a mesh.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// ports are those at which the kubelet asks proxies, and those at which they take traffic.
var ports = []int{4140, 4143, 4190, 4191, 20000, 20600, 21000}

func main() {
	if name := filepath.Base(os.Args[0]); name != "standin" {
		fmt.Println(name, "does nothing")
		return
	}
	for _, port := range ports {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		go func() { _ = http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) }()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
