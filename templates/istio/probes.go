package istio

import (
	"encoding/json"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// The kubelet has no certificate of the mesh and does not come from inside the pod, so that its probes of the
// application fail. They are rewritten to ask the proxy's agent, which asks the application.

// prober is what the agent needs to know to ask the application.
type prober struct {
	HTTPGet        *corev1.HTTPGetAction   `json:"httpGet,omitempty"`
	TCPSocket      *corev1.TCPSocketAction `json:"tcpSocket,omitempty"`
	GRPC           *corev1.GRPCAction      `json:"grpc,omitempty"`
	TimeoutSeconds int32                   `json:"timeoutSeconds,omitempty"`
}

// probeSite is where a container may have something that the kubelet asks for, and the agent's path for it.
type probeSite struct {
	path      []string
	url       string
	lifecycle bool
}

// probeSites are all there are. A lifecycle handler cannot be of gRPC.
var probeSites = []probeSite{
	{[]string{"readinessProbe"}, "/app-health/%s/readyz", false},
	{[]string{"livenessProbe"}, "/app-health/%s/livez", false},
	{[]string{"startupProbe"}, "/app-health/%s/startupz", false},
	{[]string{"lifecycle", "preStop"}, "/app-lifecycle/%s/prestopz", true},
	{[]string{"lifecycle", "postStart"}, "/app-lifecycle/%s/poststartz", true},
}

// eachHandler visits the probes and lifecycle handlers of all containers but the proxy, with the agent's path for each.
func eachHandler(pod templates.Pod, visit func(container, handler map[string]any, at probeSite, kind, url string)) {
	for _, container := range pod.All() {
		name, _ := container["name"].(string)
		if name == proxyContainer {
			continue
		}
		for _, site := range probeSites {
			handler, _ := field(container, site.path...).(map[string]any)
			if kind := kindOf(handler, site.lifecycle); handler != nil {
				visit(container, handler, site, kind, fmt.Sprintf(site.url, name))
			}
		}
	}
}

// kindOf returns the field in which a handler says how the application is asked; empty if the agent has no part in it.
func kindOf(handler map[string]any, lifecycle bool) string {
	for _, kind := range []string{"httpGet", "tcpSocket", "grpc"} {
		if _, ok := handler[kind].(map[string]any); ok && (kind != "grpc" || !lifecycle) {
			return kind
		}
	}
	return ""
}

// rewriteProbes rewrites the pod's probes if it has a proxy, and its annotation, or else the values, say so. In a pod
// that was injected before, a probe of which the proxy's environment knows nothing asks the agent for good: its own form
// was the agent's port, or a port that the container does not name.
func (i *injector) rewriteProbes(pod templates.Pod, again bool) error {
	proxy := proxyOf(pod)
	rewrite := i.values.known.Webhook.RewriteProbes
	if value, set := pod.Annotation(annotationRewriteProbes); set {
		if asked, err := strconv.ParseBool(value); err == nil {
			rewrite = asked
		}
	}
	if proxy == nil || !rewrite {
		return nil
	}
	own := i.mesh.GetDefaultConfig().GetStatusPort()
	port := int64(own)
	if value, set := pod.Annotation(annotationStatusPort); set {
		asked, err := strconv.Atoi(value)
		if err != nil {
			return &templates.InputError{Annotation: annotationStatusPort, Problem: fmt.Sprintf("%q is not a port", value)}
		}
		port = int64(asked)
	}
	probers := map[string]*prober{}
	var failed error
	eachHandler(pod, func(container, handler map[string]any, _ probeSite, kind, url string) {
		if kind == "" || again && field(handler, "httpGet", "path") == url {
			return
		}
		p, err := proberOf(container, handler, own)
		if err != nil {
			failed = err
		}
		if p != nil {
			probers[url] = p
		}
		pointAtAgent(handler, kind, url, port)
	})
	if failed != nil || len(probers) == 0 {
		return failed
	}
	text, err := json.Marshal(probers)
	if err != nil {
		return fmt.Errorf("encode %s: %w", envProbers, err)
	}
	setVariable(proxy, envProbers, string(text))
	return nil
}

// proberOf returns what a handler asks of the application, ports by number; nil if its port is that of the agent, or a
// name that the container does not have.
func proberOf(container, handler map[string]any, own int32) (*prober, error) {
	p := &prober{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(handler, p); err != nil {
		return nil, fmt.Errorf("decode a probe of container %q: %w", container["name"], err)
	}
	var port *intstr.IntOrString
	switch {
	case p.HTTPGet != nil:
		p.TCPSocket, p.GRPC, port = nil, nil, &p.HTTPGet.Port
	case p.TCPSocket != nil:
		p.GRPC, port = nil, &p.TCPSocket.Port
	default:
		return p, nil
	}
	if port.Type == intstr.Int {
		if port.IntVal == own {
			return nil, nil
		}
		return p, nil
	}
	number, ok := portNamed(container, port.StrVal)
	if !ok {
		return nil, nil
	}
	*port = intstr.FromInt32(int32(number))
	return p, nil
}

func portNamed(container map[string]any, name string) (int64, bool) {
	ports, _ := container["ports"].([]any)
	for i := len(ports) - 1; i >= 0; i-- { // of two of one name, the last
		if field(ports[i], "name") == name && name != "" {
			number, ok := field(ports[i], "containerPort").(int64)
			return number, ok
		}
	}
	return 0, false
}

// nameOfPort returns a name by which portNamed finds the port of that number, or the number if there is none.
func nameOfPort(container map[string]any, number int64) any {
	ports, _ := container["ports"].([]any)
	seen := map[string]bool{"": true}
	for i := len(ports) - 1; i >= 0; i-- {
		name, _ := field(ports[i], "name").(string)
		if !seen[name] && field(ports[i], "containerPort") == number {
			return name
		}
		seen[name] = true
	}
	return number
}

// pointAtAgent makes a handler ask the agent, over HTTP: it changes the handler.
func pointAtAgent(handler map[string]any, kind, url string, port int64) {
	action, _ := handler["httpGet"].(map[string]any)
	if kind != "httpGet" {
		delete(handler, kind)
		action = map[string]any{}
		handler["httpGet"] = action
	}
	action["port"], action["path"] = port, url
	if action["scheme"] == string(corev1.URISchemeHTTPS) {
		action["scheme"] = string(corev1.URISchemeHTTP)
	}
}
