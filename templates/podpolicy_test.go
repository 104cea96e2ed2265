package templates

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const own = "podPolicy.allowedImages allows docker.io/envoyproxy/envoy, ghcr.io/sidecar-injector/sidecar-injector"

const inPrivileged = "in a container to which injection gives privileges (podPolicy.privilegedContainers)"

// overriding is a pod with containers of its own besides the application.
func overriding(annotations, containers string) string {
	return `{metadata: {annotations: {` + annotations + `}}, spec: {volumes: [{name: mine, emptyDir: {}}], containers: [{name: app, image: app}, ` + containers + `]}}`
}

func annotated(annotations string) string {
	return `{metadata: {annotations: {` + annotations + `}}, spec: {containers: [{name: app, image: app}]}}`
}

// checkPolicy injects a pod, and the result again, and compares the error.
func checkPolicy(t *testing.T, engine *Engine, pod, want string) {
	t.Helper()
	result, err := engine.Inject(Input{Pod: podOf(t, pod), Namespace: metav1.ObjectMeta{Name: "shop"}})
	if got := fmt.Sprint(err); got != want {
		t.Fatalf("error\n got %s\nwant %s", got, want)
	}
	if err != nil {
		return
	}
	if _, err := engine.Inject(Input{Pod: result.Pod, Namespace: metav1.ObjectMeta{Name: "shop"}}); err != nil {
		t.Errorf("injected again: %v", err)
	}
}

// TestPrivilegedContainersAreProtected shows that neither annotations nor containers of a pod give code of its own the
// privileges of injected containers, with the defaults.
func TestPrivilegedContainersAreProtected(t *testing.T) {
	engine := mustEngine(t, Options{})
	const tproxy = `sidecar.istio.io/interceptionMode: TPROXY`
	inInit := func(what string) string { return `container "sidecar-init": ` + what + " " + inPrivileged }
	for name, test := range map[string]struct{ pod, want string }{
		"an image of its own for a proxy without privileges": {annotated(`sidecar.istio.io/proxyImage: evil.example/envoy`), "<nil>"},
		"an image of its own for a proxy with NET_ADMIN": {annotated(tproxy + `, sidecar.istio.io/proxyImage: evil.example/envoy`),
			`annotation "sidecar.istio.io/proxyImage": "evil.example/envoy" is not allowed in the container "sidecar-proxy", which is given the capability NET_ADMIN: ` + own},
		"another version of the proxy with NET_ADMIN": {annotated(tproxy + `, sidecar.istio.io/proxyImage: "envoyproxy/envoy:v1.41.0"`), "<nil>"},
		"a neighbour's image": {annotated(tproxy + `, sidecar.istio.io/proxyImage: docker.io/envoyproxy/envoy-evil`),
			`annotation "sidecar.istio.io/proxyImage": "docker.io/envoyproxy/envoy-evil" is not allowed in the container "sidecar-proxy", which is given the capability NET_ADMIN: ` + own},
		"an image in an override of the init container": {overriding("", `{name: sidecar-init, image: evil.example/init}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability NET_ADMIN: ` + own},
		"an image in an override of the proxy with NET_ADMIN": {overriding(tproxy, `{name: sidecar-proxy, image: evil.example/envoy}`),
			`container "sidecar-proxy": image: "evil.example/envoy" is not allowed in the container "sidecar-proxy", which is given the capability NET_ADMIN: ` + own},
		"the capability in another spelling": {overriding("", `{name: sidecar-init, image: evil.example/init, securityContext: {capabilities: {add: [cap_net_admin]}}}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability cap_net_admin: ` + own},
		"all privileges instead of it": {overriding("", `{name: sidecar-init, image: evil.example/init, securityContext: {privileged: true, allowPrivilegeEscalation: true}}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given all privileges: ` + own},
		"a command":                {overriding("", `{name: sidecar-init, image: auto, command: [/bin/sh]}`), inInit("command: is not for pods to choose")},
		"arguments":                {overriding("", `{name: sidecar-init, image: auto, args: [x]}`), inInit("args: is not for pods to choose")},
		"a folder to work in":      {overriding("", `{name: sidecar-init, image: auto, workingDir: /x}`), inInit("workingDir: is not for pods to choose")},
		"a hook":                   {overriding(tproxy, `{name: sidecar-proxy, image: auto, lifecycle: {postStart: {exec: {command: [x]}}}}`), `container "sidecar-proxy": lifecycle.postStart.exec: is not for pods to choose ` + inPrivileged},
		"a probe that runs":        {overriding(tproxy, `{name: sidecar-proxy, image: auto, livenessProbe: {exec: {command: [x]}}}`), `container "sidecar-proxy": livenessProbe.exec: is not for pods to choose ` + inPrivileged},
		"a loader's variable":      {overriding("", `{name: sidecar-init, image: auto, env: [{name: A, value: x}, {name: LD_PRELOAD, value: /x}]}`), inInit(`env[1]: the variable "LD_PRELOAD" is not for pods to choose`)},
		"variables from outside":   {overriding("", `{name: sidecar-init, image: auto, envFrom: [{configMapRef: {name: x}, prefix: LD_}]}`), inInit(`envFrom: is not for pods to choose`)},
		"what a shell runs first":  {overriding("", `{name: sidecar-init, image: auto, env: [{name: BASH_ENV, value: /x}]}`), inInit(`env[0]: the variable "BASH_ENV" is not for pods to choose`)},
		"a loader's configuration": {overriding(tproxy, `{name: sidecar-proxy, image: auto, env: [{name: PROXY_CONFIG, value: x}]}`), `container "sidecar-proxy": env[0]: the variable "PROXY_CONFIG" is not for pods to choose ` + inPrivileged},
		"every capability": {overriding("", `{name: sidecar-init, image: evil.example/init, securityContext: {capabilities: {add: [ALL]}}}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability ALL: ` + own},
		"a capability more": {overriding("", `{name: sidecar-init, image: evil.example/init, securityContext: {capabilities: {add: [SYS_ADMIN]}}}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability SYS_ADMIN: ` + own},
		"the capability with its prefix": {overriding("", `{name: sidecar-init, image: evil.example/init, securityContext: {capabilities: {add: [CAP_NET_ADMIN]}}}`),
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability CAP_NET_ADMIN: ` + own},
		"a mount over what programs load": {overriding("", `{name: sidecar-init, image: auto, volumeMounts: [{name: mine, mountPath: /var/lib/x}]}`),
			inInit(`volumeMounts[0]: the path "/var/lib/x" is not for pods to choose, since it is above or below /var/lib`)},
		"a mount over programs": {overriding("", `{name: sidecar-init, image: auto, volumeMounts: [{name: mine, mountPath: /usr/local/bin}]}`),
			inInit(`volumeMounts[0]: the path "/usr/local/bin" is not for pods to choose, since it is above or below /usr`)},
		"a mount above one of the templates": {overriding("", `{name: sidecar-init, image: auto, volumeMounts: [{name: mine, mountPath: /run/../run}]}`),
			inInit(`volumeMounts[0]: the path "/run/../run" is not for pods to choose, since it is above or below /var/run/sidecar`)},
		"a mount in the place of one of the templates": {overriding(tproxy, `{name: sidecar-proxy, image: auto, volumeMounts: [{name: mine, mountPath: /var/run/sidecar}]}`),
			`container "sidecar-proxy": volumeMounts[0]: the path "/var/run/sidecar" is not for pods to choose, since it is above or below /var/run/sidecar ` + inPrivileged},
		"an application that writes the proxy's configuration": {`{metadata: {annotations: {` + tproxy + `}}, spec: {containers: [{name: app, image: app, volumeMounts: [{name: sidecar-files, mountPath: /x}]}]}}`,
			`volume "sidecar-files": is mounted by the container "sidecar-proxy", to which injection gives privileges (podPolicy.privilegedContainers), and is not for pods to mount in the container "app", but with readOnly`},
		"an application that reads it": {`{metadata: {annotations: {` + tproxy + `}}, spec: {containers: [{name: app, image: app, volumeMounts: [{name: sidecar-files, mountPath: /x, readOnly: true}]}]}}`, "<nil>"},
		"another source of it": {`{metadata: {annotations: {` + tproxy + `}}, spec: {volumes: [{name: sidecar-files, configMap: {name: x}}], containers: [{name: app, image: app}]}}`,
			`volume "sidecar-files": is mounted by the container "sidecar-init", to which injection gives privileges (podPolicy.privilegedContainers), and is not for pods to give another source`},
		"what other webhooks add to every container": {overriding("", `{name: sidecar-init, image: auto, env: [{name: AWS_ROLE_ARN, value: x}], volumeMounts: [{name: mine, mountPath: /var/run/secrets/eks.amazonaws.com/serviceaccount}]}`), "<nil>"},
		"what an author tunes":                       {overriding(tproxy, `{name: sidecar-proxy, image: auto, resources: {limits: {cpu: "3"}}, livenessProbe: {httpGet: {path: /, port: 15021}}}`), "<nil>"},
		"the same of a proxy without privileges":     {overriding("", `{name: sidecar-proxy, image: evil.example/envoy, command: [x], args: [z], env: [{name: LD_PRELOAD, value: /x}]}`), "<nil>"},
		"a claim that the injector set the image": {`{metadata: {annotations: {sidecar-injector.github.io/status: '{"containers":{"sidecar-init":["image","command"]}}'}}, spec: {containers: [{name: app, image: app}, {name: sidecar-init, image: evil.example/init, args: [x]}]}}`,
			`container "sidecar-init": image: "evil.example/init" is not allowed in the container "sidecar-init", which is given the capability NET_ADMIN: ` + own},
	} {
		t.Run(name, func(t *testing.T) { checkPolicy(t, engine, test.pod, test.want) })
	}
}

func TestPodPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		policy    PodPolicy
		pod, want string
	}{
		"an operator opens privileged containers": {PodPolicy{PrivilegedContainers: PrivilegedOpen}, overriding("", `{name: sidecar-init, image: evil.example/init, command: [x]}`), "<nil>"},
		"an operator allows an image with privileges": {PodPolicy{AllowedImages: []string{"team.example"}},
			annotated(`sidecar.istio.io/interceptionMode: TPROXY, sidecar.istio.io/proxyImage: team.example/envoy`), "<nil>"},
		"images hold without privileges too": {PodPolicy{AllowedImages: []string{"team.example/envoy"}}, annotated(`sidecar.istio.io/proxyImage: team.example/envoy-evil`),
			`annotation "sidecar.istio.io/proxyImage": "team.example/envoy-evil" is not allowed: podPolicy.allowedImages allows docker.io/envoyproxy/envoy, ghcr.io/sidecar-injector/sidecar-injector, team.example/envoy`},
		"images hold in overrides too": {PodPolicy{AllowedImages: []string{}}, overriding("", `{name: sidecar-proxy, image: "team.example/envoy:1"}`),
			`container "sidecar-proxy": image: "team.example/envoy:1" is not allowed: ` + own},
		"no image but the configuration's":    {PodPolicy{AllowedImages: []string{}}, annotated(`sidecar.istio.io/proxyImage: "envoyproxy/envoy:v1.41.0"`), "<nil>"},
		"pods of others are not looked at":    {PodPolicy{AllowedImages: []string{}}, overriding("", `{name: other, image: team.example/other}`), "<nil>"},
		"TPROXY is not to be asked for":       {PodPolicy{AllowedInterceptionModes: []string{"REDIRECT", "NONE"}}, annotated(`sidecar.istio.io/interceptionMode: TPROXY`), `annotation "sidecar.istio.io/interceptionMode": the interception mode "TPROXY" is not allowed here: podPolicy.allowedInterceptionModes allows REDIRECT, NONE`},
		"what else may be asked for":          {PodPolicy{AllowedInterceptionModes: []string{"REDIRECT", "NONE"}}, annotated(`sidecar.istio.io/interceptionMode: NONE`), "<nil>"},
		"a mode that is none is an error yet": {PodPolicy{AllowedInterceptionModes: []string{}}, annotated(`sidecar.istio.io/interceptionMode: tproxy`), `template "envoy" line 11: annotation "sidecar.istio.io/interceptionMode": "tproxy" is not allowed, want one of REDIRECT, TPROXY, NONE`},
		"an annotation is closed": {PodPolicy{AllowedAnnotations: []string{"sidecar.istio.io/proxy*", "traffic.sidecar.istio.io/excludeInboundPorts"}}, annotated(`traffic.sidecar.istio.io/excludeOutboundPorts: "1"`),
			`annotation "traffic.sidecar.istio.io/excludeOutboundPorts": is not allowed here: podPolicy.allowedAnnotations allows sidecar.istio.io/proxy*, traffic.sidecar.istio.io/excludeInboundPorts`},
		"others are open":              {PodPolicy{AllowedAnnotations: []string{"sidecar.istio.io/proxy*", "traffic.sidecar.istio.io/excludeInboundPorts"}}, annotated(`sidecar.istio.io/proxyCPU: "1", traffic.sidecar.istio.io/excludeInboundPorts: "1", example.com/any: x`), "<nil>"},
		"asking for injection is open": {PodPolicy{AllowedAnnotations: []string{}}, annotated(`sidecar.istio.io/inject: "true"`), "<nil>"},
		"all annotations are closed":   {PodPolicy{AllowedAnnotations: []string{}}, annotated(`inject.istio.io/templates: envoy`), `annotation "inject.istio.io/templates": is not allowed here: podPolicy.allowedAnnotations allows none`},
	} {
		t.Run(name, func(t *testing.T) {
			checkPolicy(t, mustEngine(t, Options{PodPolicy: test.policy}), test.pod, test.want)
		})
	}
}

// TestPolicyOfInheritedAnnotations shows that a namespace gives its pods no more than they may choose themselves.
func TestPolicyOfInheritedAnnotations(t *testing.T) {
	engine := mustEngine(t, Options{PodPolicy: PodPolicy{AllowedAnnotations: []string{}}})
	namespace := metav1.ObjectMeta{Name: "shop", Annotations: map[string]string{"sidecar.istio.io/proxyImage": "evil.example/envoy"}}
	_, err := engine.Inject(Input{Pod: podOf(t, annotated("")), Namespace: namespace})
	if got, want := fmt.Sprint(err), `annotation "sidecar.istio.io/proxyImage": is not allowed here: podPolicy.allowedAnnotations allows none`; got != want {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}

// TestOwnImagesOfTemplates shows that images which an operator's templates name are the operator's choice.
func TestOwnImagesOfTemplates(t *testing.T) {
	engine := mustEngine(t, Options{PodPolicy: PodPolicy{AllowedImages: []string{}}, DefaultTemplates: []string{"envoy", "agent"}, Templates: map[string]string{
		"agent": `spec: {containers: [{name: agent, image: {{ annotation .ObjectMeta "example.com/agent" "team.example/agent:1" | toJSON }}, securityContext: {privileged: true}}]}`,
	}})
	checkPolicy(t, engine, annotated(""), "<nil>")
	checkPolicy(t, engine, annotated("example.com/agent: evil.example/agent"),
		`container "agent": image: "evil.example/agent" is not allowed in the container "agent", which is given all privileges: podPolicy.allowedImages allows docker.io/envoyproxy/envoy, ghcr.io/sidecar-injector/sidecar-injector, team.example/agent`)
}

// TestTemplatesChooseByNamespaceAndLabels shows that what a template chooses by itself is no choice of a pod's, and that a pod
// cannot choose it by an annotation.
func TestTemplatesChooseByNamespaceAndLabels(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"envoy", "agent"}, Templates: map[string]string{
		"agent": `spec: {containers: [{name: agent, image: {{ if eq .Namespace.Name "shop" }}{{ if eq (index .ObjectMeta.Labels "tier") "gold" }}gold.example/agent{{ else }}shop.example/agent{{ end }}{{ else }}team.example/agent{{ end }}, securityContext: {privileged: true}}]}`,
	}})
	checkPolicy(t, engine, annotated(""), "<nil>")
	checkPolicy(t, engine, `{metadata: {labels: {tier: gold}}, spec: {containers: [{name: app, image: app}]}}`, "<nil>")
	checkPolicy(t, engine, overriding("", `{name: agent, image: evil.example/agent}`),
		`container "agent": image: "evil.example/agent" is not allowed in the container "agent", which is given all privileges: podPolicy.allowedImages allows docker.io/envoyproxy/envoy, ghcr.io/sidecar-injector/sidecar-injector, team.example/agent`)
}

// TestWhoWritesWhatIsRead shows that what a privileged container reads is written by no container that runs what an author
// says, an injected one with the author's changes among them.
func TestWhoWritesWhatIsRead(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"agent"}, Templates: map[string]string{"agent": `
spec:
  volumes: [{name: rules, emptyDir: {}}]
  containers:
  - {name: agent, image: team.example/agent, securityContext: {privileged: true}, volumeMounts: [{name: rules, mountPath: /rules, readOnly: true}]}
  - {name: writer, image: team.example/writer, volumeMounts: [{name: rules, mountPath: /rules}]}
  - {name: reader, image: team.example/reader}
`}})
	refused := func(by string) string {
		return `volume "rules": is mounted by the container "agent", to which injection gives privileges (podPolicy.privilegedContainers), and is not for pods to mount in the container "` + by + `", but with readOnly`
	}
	for override, want := range map[string]string{
		`{name: other, image: other}`: "<nil>",
		`{name: other, image: other, volumeMounts: [{name: rules, mountPath: /x}]}`:                 refused("other"),
		`{name: writer, image: auto, resources: {limits: {cpu: 1}}}`:                                "<nil>",
		`{name: writer, image: team.example/writer}`:                                                "<nil>",
		`{name: writer, image: evil.example/writer}`:                                                refused("writer"),
		`{name: writer, image: auto, command: [/evil]}`:                                             refused("writer"),
		`{name: writer, image: auto, env: [{name: LD_PRELOAD, value: /x}]}`:                         refused("writer"),
		`{name: reader, image: auto, volumeMounts: [{name: rules, mountPath: /x}]}`:                 refused("reader"),
		`{name: reader, image: auto, volumeMounts: [{name: rules, mountPath: /x, readOnly: true}]}`: "<nil>",
	} {
		t.Run(override, func(t *testing.T) { checkPolicy(t, engine, overriding("", override), want) })
	}
}

// TestArgumentsThatReadAlike shows that arguments are compared one by one.
func TestArgumentsThatReadAlike(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"agent"}, Templates: map[string]string{
		"agent": `spec: {containers: [{name: agent, image: team.example/agent, args: ["--note", "x --exec /evil"], securityContext: {privileged: true}}]}`,
	}})
	checkPolicy(t, engine, overriding("", `{name: agent, image: auto, args: ["--note", "x --exec /evil"]}`), "<nil>")
	checkPolicy(t, engine, overriding("", `{name: agent, image: auto, args: ["--note", "x", "--exec", "/evil"]}`),
		`container "agent": args: is not for pods to choose `+inPrivileged)
}

func TestPodPoliciesThatAreNone(t *testing.T) {
	for want, policy := range map[string]PodPolicy{
		`podPolicy.allowedImages[1]: "envoyproxy/envoy" is not allowed: want a registry and as much of a path as is to be allowed, such as "ghcr.io/my-org" or "docker.io/envoyproxy/envoy:v1.2.3", or "*" for any image`: {AllowedImages: []string{"ghcr.io", "envoyproxy/envoy"}},
		`podPolicy.allowedInterceptionModes[0]: "tproxy" is not allowed, want one of REDIRECT, TPROXY, NONE`:                                                                                                              {AllowedInterceptionModes: []string{"tproxy"}},
		`podPolicy.allowedAnnotations[0]: "sidecar.isto.io/proxyCPU" is no annotation of this profile, which knows inject.istio.io/*, sidecar.istio.io/*, traffic.sidecar.istio.io/*, sidecar-injector.github.io/*`:       {AllowedAnnotations: []string{"sidecar.isto.io/proxyCPU"}},
		`podPolicy.privilegedContainers: "closed" is not allowed, want one of protected, open`:                                                                                                                            {PrivilegedContainers: "closed"},
	} {
		if _, err := New(Options{PodPolicy: policy}); fmt.Sprint(err) != want {
			t.Errorf("error\n got %v\nwant %s", err, want)
		}
	}
}

// TestForgedAnnotationIsNotAllowed shows that an annotation which a forged status brings back is one of the pod.
func TestForgedAnnotationIsNotAllowed(t *testing.T) {
	engine := mustEngine(t, Options{PodPolicy: PodPolicy{AllowedAnnotations: []string{}}})
	shown := podOf(t, annotated(`sidecar.istio.io/inject: "true"`))
	meant := podOf(t, annotated(`sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: debug`))
	forged, key := status{}, engine.Profile().Keys.Status
	forged.noteAuthor(meant, shown, nil, key)
	_, err := engine.Inject(Input{Pod: Pod(shown).withAnnotation(key, forged.String()), Namespace: metav1.ObjectMeta{Name: "shop"}})
	const want = `annotation "sidecar.istio.io/logLevel": is not allowed here: podPolicy.allowedAnnotations allows none`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}
