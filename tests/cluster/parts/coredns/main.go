// Command coredns is CoreDNS with the few plug-ins that answer for a cluster's Services.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	// The order of the plug-ins in a server's chain.
	dnsserver.Directives = []string{"errors", "kubernetes"}
	coremain.Run()
}
