package routes

import (
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// Plan says what has to be there besides the rules. Families that the namespace does not have are left out.
type Plan struct {
	Passthrough bool   // the address rules.Passthrough6 on the loopback interface
	Local       bool   // packets with Mark are delivered on this host, by a rule for Table and its only route
	Mark        uint32 // also of what is taken away where Local is false
	Table       int
}

// For returns what the rules of c need.
func For(c config.Config) Plan {
	return Plan{
		Passthrough: c.Mode != config.None,
		Local:       c.Mode == config.TProxy,
		Mark:        c.Mark,
		Table:       c.RouteTable,
	}
}

// None returns the plan under which all that For(c) asks for goes away.
func None(c config.Config) Plan {
	return Plan{Mark: c.Mark, Table: c.RouteTable}
}

// Commands returns the commands of ip(8) that would do the same. Those with -6 are for namespaces that have IPv6.
func (p Plan) Commands() []string {
	var lines []string
	if p.Passthrough {
		lines = append(lines, fmt.Sprintf("ip -6 address add %s/128 dev lo", rules.Passthrough6))
	}
	if p.Local {
		for _, family := range []string{"-4", "-6"} {
			lines = append(lines,
				fmt.Sprintf("ip %s route add local default dev lo table %d", family, p.Table),
				fmt.Sprintf("ip %s rule add fwmark %d lookup %d", family, p.Mark, p.Table))
		}
	}
	return lines
}
