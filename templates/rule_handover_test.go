package templates

import (
	"fmt"
	"testing"
)

// TestHandover shows what of an author's parts the proxy from its configuration, and what does not.
func TestHandover(t *testing.T) {
	engine := mustEngine(t, Options{PodPolicy: PodPolicy{PrivilegedContainers: PrivilegedOpen}})
	const (
		args   = `container "sidecar-init": args: the pod's own replace those that hold the proxy's configuration and what is captured; leave them out, and say what is captured by annotations`
		mounts = `container %q: volumeMounts: "/var/run/sidecar" is where "sidecar-init" leaves the proxy's configuration: mount the pod's own volume elsewhere`
		proxy  = `{name: sidecar-proxy, image: auto, `
		init   = `{name: sidecar-init, image: auto, `
	)
	ofProxy, ofInit := fmt.Sprintf(mounts, "sidecar-proxy"), fmt.Sprintf(mounts, "sidecar-init")
	for name, test := range map[string]struct{ containers, want string }{
		"arguments of the init container":            {init + `args: [--mode=REDIRECT]}`, args},
		"environment of the init container":          {init + `env: [{name: A, value: b}]}`, "<nil>"},
		"a volume in the place":                      {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar}]}`, ofProxy},
		"a volume in the place, with a slash":        {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar/}]}`, ofProxy},
		"a volume in the place, by another way":      {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/./sidecar}]}`, ofProxy},
		"a volume in the init container's place":     {init + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar/}]}`, ofInit},
		"one volume of the author's for both":        {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar}]}, ` + init + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar}]}`, "<nil>"},
		"a volume above the place":                   {proxy + `volumeMounts: [{name: mine, mountPath: /var/run}]}`, "<nil>"},
		"a volume beside the place":                  {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar-mine}]}`, "<nil>"},
		"a file of the author's in the file's place": {proxy + `volumeMounts: [{name: mine, mountPath: /var/run/sidecar/envoy.json, subPath: envoy.json}]}`, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podOf(t, `{metadata: {name: p}, spec: {volumes: [{name: mine, emptyDir: {}}], containers: [{name: app, image: app}, `+test.containers+`]}}`)
			result, err := engine.Inject(Input{Pod: pod})
			if got := fmt.Sprint(err); got != test.want {
				t.Fatalf("error\n got %s\nwant %s", got, test.want)
			}
			if err != nil {
				return
			}
			again, err := engine.Inject(Input{Pod: result.Pod})
			if err != nil {
				t.Fatalf("inject again: %v", err)
			}
			if len(again.Patch) > 0 {
				t.Errorf("injecting again changes the pod: %v", again.Patch)
			}
		})
	}
}
