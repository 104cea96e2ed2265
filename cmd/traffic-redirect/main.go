//go:build linux

// Command traffic-redirect is the program of the init container: it makes the rules that send a pod's traffic through
// the proxy beside it, with nftables over netlink. It needs no other program.
package main

import (
	"os"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdout, os.Stderr))
}
