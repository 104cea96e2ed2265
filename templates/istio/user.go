package istio

import (
	"strconv"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// followUser makes the containers that redirect traffic follow a user or group that the pod's author gave the proxy:
// the proxy's own traffic is told from the application's by its user. The argument behind -u takes the user, but for
// root; a validation container runs as the proxy does. With TPROXY the proxy has to run as root, whatever its author
// says.
func followUser(in *templates.Injection, model *Model) {
	said := in.Overrides[proxyContainer]
	user, ofUser := field(said, "securityContext", "runAsUser").(int64)
	group, ofGroup := field(said, "securityContext", "runAsGroup").(int64)
	redirect := redirectOf(in.Pod)
	if redirect == nil || !ofUser && !ofGroup {
		return
	}
	mode, _ := in.Pod.Annotation(annotationInterceptionMode)
	transparent := model.ProxyConfig.GetInterceptionMode().String() == "TPROXY" || mode == "TPROXY"
	switch {
	case transparent && ofUser:
		securityOf(proxyOf(in.Pod))["runAsUser"] = int64(0)
	case !transparent && redirect["name"] == validationContainer:
		if ofUser {
			securityOf(redirect)["runAsUser"] = user
		}
		if ofGroup {
			securityOf(redirect)["runAsGroup"] = group
		}
	}
	if ofUser && user != 0 {
		setUserArgument(redirect, user)
	}
}

// redirectOf returns the container that redirects the pod's traffic, or checks that it is redirected.
func redirectOf(pod templates.Pod) map[string]any {
	var found map[string]any
	for _, container := range pod.In(templates.InitContainers) {
		if name := container["name"]; name == initContainer || name == validationContainer && found == nil {
			found = container
		}
	}
	return found
}

func setUserArgument(container map[string]any, user int64) {
	args, _ := container["args"].([]any)
	for i := range args {
		if args[i] == "-u" && i+1 < len(args) {
			args[i+1] = strconv.FormatInt(user, 10)
			return
		}
	}
}

func userArgument(container map[string]any) (int64, bool) {
	args, _ := container["args"].([]any)
	for i := range args {
		if args[i] == "-u" && i+1 < len(args) {
			text, _ := args[i+1].(string)
			user, err := strconv.ParseInt(text, 10, 64)
			return user, err == nil
		}
	}
	return 0, false
}

func securityOf(container map[string]any) map[string]any {
	return templates.Child(container, "securityContext")
}
