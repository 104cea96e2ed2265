//go:build linux

package traffic_test

import "github.com/sidecar-injector/sidecar-injector/tests/traffic/world"

// call is one connection, and who takes it:
//
//	direct             nobody but the server
//	outbound           the proxy as outbound, then the server
//	inbound            the proxy as inbound, then the application
//	outbound, inbound  the proxy twice, then the application
//	probe              nobody but the application, at the port 8080
//	nobody             it is not made
type call struct {
	from, to string
	port     int
	want     string
}

// callers are the processes that connect.
var callers = map[string]world.Owner{
	"application": world.Application, "root": world.Root, "proxy": world.ProxyOwner, "proxy's group": world.ProxyGroup, "other user": world.OtherUser,
	"peer": world.Root, "machine": world.Root,
}

// settings are the arguments of one run of the program, and what comes of them.
type settings struct {
	args     string
	modes    string // REDIRECT, TPROXY, NONE; empty is the first two
	families string // IPv4, IPv6; empty is both
	calls    []call
}

var captures = map[string]settings{
	"everything is captured but what the proxy sends and what stays in the pod": {
		args: "-i * -b *",
		calls: []call{
			{"application", "elsewhere", 80, "outbound"},
			{"application", "peer", 5432, "outbound"},
			{"root", "elsewhere", 80, "outbound"},
			{"proxy", "elsewhere", 80, "direct"},
			{"proxy's group", "elsewhere", 80, "direct"},
			{"peer", "pod", 8080, "inbound"},
			{"peer", "pod", 15008, "direct"},
			{"application", "localhost", 8080, "direct"},
			{"application", "pod", 8080, "direct"},
			{"application", "service", 8080, "outbound, inbound"},
			{"proxy", "pod", 8080, "inbound"},
			{"proxy's group", "pod", 8080, "inbound"},
			{"proxy", "localhost", 8080, "direct"},
			{"peer", "pod", world.InboundPort, "nobody"},
			{"peer", "pod", world.OutboundPort, "nobody"},
		},
	},
	"nothing is captured without being included": {
		args: "--istio-service-cidr= --istio-inbound-ports=",
		calls: []call{
			{"application", "elsewhere", 80, "direct"},
			{"peer", "pod", 8080, "direct"},
			{"proxy", "pod", 8080, "direct"},
			{"peer", "pod", world.InboundPort, "nobody"},
		},
	},
	"nothing is captured in mode NONE": {
		args: "-i * -b *", modes: "NONE",
		calls: []call{
			{"application", "elsewhere", 80, "direct"},
			{"peer", "pod", 8080, "direct"},
			{"proxy", "pod", 8080, "direct"},
		},
	},
	"excluded outbound ranges and ports are left alone": {
		args: "-i * -x 10.99.7.0/24,10.99.0.0/16,10.99.7.1/32,fd99::/16 -o 5432,22",
		calls: []call{
			{"application", "database", 80, "direct"},
			{"application", "elsewhere", 5432, "direct"},
			{"application", "elsewhere", 80, "outbound"},
		},
	},
	"only included outbound ranges are captured": {
		args: "-i 10.99.0.0/16,fd99::/16",
		calls: []call{
			{"application", "database", 80, "outbound"},
			{"application", "database", 5432, "outbound"},
			{"application", "elsewhere", 80, "direct"},
		},
	},
	"a range excluded from an included one is left alone": {
		args: "-i 10.0.0.0/8,fd00::/8 -x 10.99.7.1/32,fd99:7::/32",
		calls: []call{
			{"application", "database", 80, "direct"},
			{"application", "peer", 80, "outbound"},
		},
	},
	"an included outbound port is captured to any address that is not excluded": {
		args: "-q 5432 -x 10.99.0.0/16,fd99::/16",
		calls: []call{
			{"application", "elsewhere", 5432, "outbound"},
			{"application", "elsewhere", 80, "direct"},
			{"application", "database", 5432, "direct"},
		},
	},
	"all outbound ports can be included": {
		args: "-q *",
		calls: []call{
			{"application", "elsewhere", 80, "outbound"},
		},
	},
	"only included inbound ports are captured": {
		args: "-b 8080,8443",
		calls: []call{
			{"peer", "pod", 8080, "inbound"},
			{"peer", "pod", 9090, "direct"},
			{"proxy", "pod", 8080, "inbound"},
			{"proxy", "pod", 9090, "direct"},
		},
	},
	"excluded inbound ports are left alone": {
		args: "-b * -d 15090,9090",
		calls: []call{
			{"peer", "pod", 8080, "inbound"},
			{"peer", "pod", 9090, "direct"},
			{"proxy", "pod", 9090, "direct"},
		},
	},
	"excluded interfaces are left alone": {
		args: "-i * -b * -c side0,net7",
		calls: []call{
			{"application", "side", 80, "direct"},
			{"peer", "side-pod", 8080, "direct"},
			{"peer", "pod", world.InboundPort, "nobody"},
			{"application", "elsewhere", 80, "outbound"},
			{"peer", "pod", 8080, "inbound"},
		},
	},
	"other interfaces are captured": {
		args: "-i * -b *",
		calls: []call{
			{"application", "side", 80, "outbound"},
			{"peer", "side-pod", 8080, "inbound"},
		},
	},
	"each of several users and groups is the proxy's": {
		args: "-i * -b * -u 7,1337,2000 -g 7,1338",
		calls: []call{
			{"other user", "elsewhere", 80, "direct"},
			{"proxy", "elsewhere", 80, "direct"},
			{"other user", "pod", 8080, "inbound"},
			{"proxy's group", "elsewhere", 80, "outbound"},
			{"proxy's group", "pod", 8080, "direct"},
		},
	},
	"excluded groups are left alone": {
		args: "-i * --exclude-outbound-groups 1000",
		calls: []call{
			{"application", "elsewhere", 80, "direct"},
			{"other user", "elsewhere", 80, "outbound"},
		},
	},
	"only included groups are captured": {
		args: "-i * --include-outbound-groups 1000",
		calls: []call{
			{"application", "elsewhere", 80, "outbound"},
			{"other user", "elsewhere", 80, "direct"},
		},
	},
	"what a virtual machine sends is outbound": {
		args: "-i * -b * -x 10.99.0.0/16,fd99::/16 -o 5432 -k vm0",
		calls: []call{
			{"machine", "elsewhere", 80, "outbound"},
			{"machine", "database", 80, "direct"},
			{"machine", "elsewhere", 5432, "direct"},
			{"machine", "gateway", world.OutboundPort, "nobody"},
			{"peer", "pod", 8080, "inbound"},
		},
	},
	"an included loopback address is captured": {
		args: "-i 127.0.0.2/32 -b *", modes: "REDIRECT", families: "IPv4",
		calls: []call{
			{"application", "loopback2", 8080, "outbound, inbound"},
			{"application", "localhost", 8080, "direct"},
		},
	},
	"localhost itself is not captured, even if it is included": {
		args: "-i 127.0.0.1/32,::1/128 -b *",
		calls: []call{
			{"application", "localhost", 8080, "direct"},
		},
	},
	"other loopback addresses are the pod's to the proxy": {
		args: "-i * -b *", families: "IPv4", modes: "REDIRECT",
		calls: []call{
			{"application", "loopback2", 8080, "direct"},
			{"proxy", "loopback2", 8080, "inbound"},
		},
	},
	"the loopback range can be wider": {
		args: "-i * -b * --loopback-ip-range 127.0.0.0/8", families: "IPv4",
		calls: []call{
			{"application", "loopback2", 8080, "direct"},
			{"proxy", "loopback2", 8080, "direct"},
		},
	},
	"a probe's port is the application's, past the proxy": {
		args: "-i * -b * --probe-ports 15200:8080,15201:9999",
		calls: []call{
			{"peer", "pod", 15200, "probe"},
			{"peer", "pod", 15201, "nobody"},
			{"peer", "side-pod", 15200, "probe"},
			{"peer", "pod", 8080, "inbound"},
			{"application", "elsewhere", 15200, "outbound"},
		},
	},
	"a probe's port is the application's on excluded interfaces too": {
		args: "-i * -b * --probe-ports 15200:8080 -c eth0,side0",
		calls: []call{
			{"peer", "pod", 15200, "probe"},
			{"peer", "side-pod", 15200, "probe"},
			{"peer", "pod", 8080, "direct"},
		},
	},
	"a probe's port elsewhere is not the pod's to a virtual machine": {
		args: "-i * -b * --probe-ports 15200:8080 -k vm0",
		calls: []call{
			{"machine", "elsewhere", 15200, "outbound"},
			{"peer", "pod", 15200, "probe"},
		},
	},
	"dropping invalid packets does not harm others": {
		args: "-i * -b * --drop-invalid",
		calls: []call{
			{"application", "elsewhere", 80, "outbound"},
			{"peer", "pod", 8080, "inbound"},
			{"application", "service", 8080, "outbound, inbound"},
		},
	},
}
