package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmezard/go-difflib/difflib"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// Long texts, such as the proxy's configuration, are cut in the difference:
// after so many lines, and lines after so many characters.
const (
	textLines = 4
	textWidth = 96
)

func (d *demo) heading(text string) { fmt.Fprintf(d.out, "\n%s\n", d.paint("1", text)) }

func (d *demo) step(name string, took time.Duration) {
	fmt.Fprintf(d.out, "  %-54s %6.2f s\n", name, took.Seconds())
}

func (d *demo) paint(code, text string) string {
	if !d.color {
		return text
	}
	return "\033[" + code + "m" + text + "\033[0m"
}

// difference prints what injection changed in a pod: the pod as it is stored
// against what would be stored of its ReplicaSet's template without injection.
func (d *demo) difference(ctx context.Context, pod *corev1.Pod) error {
	set, err := d.c.Client.AppsV1().ReplicaSets(pod.Namespace).Get(ctx, pod.OwnerReferences[0].Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the pod's template: %w", err)
	}
	plain, err := d.c.Stored(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name + "-plain", Namespace: pod.Namespace, Labels: set.Spec.Template.Labels, Annotations: set.Spec.Template.Annotations},
		Spec:       set.Spec.Template.Spec,
	})
	if err != nil {
		return err
	}
	before, err := readable(plain)
	if err != nil {
		return err
	}
	after, err := readable(pod)
	if err != nil {
		return err
	}
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(before), FromFile: "as submitted, with the server's defaults",
		B: difflib.SplitLines(after), ToFile: "as stored",
		Context: 2,
	})
	if err != nil {
		return fmt.Errorf("compare the pod: %w", err)
	}
	d.heading("What changed in pod " + pod.Name)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "+"):
			line = d.paint("32", line)
		case strings.HasPrefix(line, "-"):
			line = d.paint("31", line)
		}
		fmt.Fprintf(d.out, "  %s\n", line)
	}
	return nil
}

// readable is a pod as YAML for people: without what is not the pod's shape, and
// with long texts cut.
func readable(pod *corev1.Pod) (string, error) {
	raw, err := json.Marshal(cluster.Comparable(pod))
	if err != nil {
		return "", fmt.Errorf("print pod %q: %w", pod.Name, err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return "", fmt.Errorf("print pod %q: %w", pod.Name, err)
	}
	delete(object, "status")
	if spec, ok := object["spec"].(map[string]any); ok {
		delete(spec, "nodeName") // the scheduler's
	}
	text, err := yaml.Marshal(shorten(object))
	if err != nil {
		return "", fmt.Errorf("print pod %q: %w", pod.Name, err)
	}
	return string(text), nil
}

// shorten returns the value with long texts in it cut.
func shorten(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = shorten(v[key])
		}
	case []any:
		for i := range v {
			v[i] = shorten(v[i])
		}
	case string:
		lines := strings.Split(v, "\n")
		if cut := len(lines) - textLines; cut > 1 {
			return strings.Join(lines[:textLines], "\n") + fmt.Sprintf("\n… %d more lines", cut)
		}
		if letters := []rune(v); len(letters) > textWidth {
			return string(letters[:textWidth-1]) + "…"
		}
	}
	return value
}

// hints says how to reach the cluster and what to try. Without an injector of this
// machine it is on the node.
func (d *demo) hints(injector *cluster.Injector) {
	d.heading("The cluster is yours until Ctrl-C")
	tries := [][2]string{
		{"kubectl get pods", "the example's pods"},
		{"kubectl run plain --image=nginx", "did not ask: no sidecar"},
		{"kubectl create namespace shop", ""},
		{"kubectl label namespace shop istio-injection=enabled", "the whole namespace asks"},
		{"kubectl -n shop run web --image=nginx --dry-run=server -o yaml", "look, but create nothing"},
		{"kubectl -n shop run no --image=nginx --labels=sidecar.istio.io/inject=false", "opts out"},
		{"kubectl -n sidecar-injector get certificates,secrets", "the serving certificate"},
		{"kubectl get mutatingwebhookconfiguration sidecar-injector -o yaml", "who is sent here"},
	}
	path := filepath.Dir(d.c.Parts.Kubectl)
	if injector == nil {
		fmt.Fprintf(d.out, "  The cluster is in namespaces of its own. From another terminal, as root:\n\n"+
			"  nsenter --target=%d --all --wd=/ env KUBECONFIG=%s PATH=%s:$PATH bash\n", d.outside, d.c.Kubeconfig, path)
		tries = append([][2]string{
			{"kubectl exec client -c app -- /app get http://myapp/", "through both sidecars"},
			{"kubectl logs client -c sidecar-proxy", "the client's access log, a few seconds later"},
			{"kubectl logs -l app=myapp -c sidecar-proxy", "the servers'"},
			{"kubectl exec client -c app -- /app get http://localhost:15090/stats/prometheus", "the client's metrics"},
			{"kubectl -n sidecar-injector logs -l app.kubernetes.io/name=sidecar-injector", "the injectors' log"},
		}, tries...)
	} else {
		fmt.Fprintf(d.out, "  export KUBECONFIG=%s\n  export PATH=%s:\"$PATH\"\n\n"+
			"  Pods stay Pending, because no node is there to run them: %s.\n"+
			"  As root on Linux the demo has a node, and a request goes through two sidecars.\n", d.c.Kubeconfig, path, d.missing)
		tries = append(tries, [][2]string{
			{"curl -s " + injector.Metrics + "/metrics", "the injector's metrics"},
			{"tail -f " + injector.Log, "its log"},
		}...)
	}
	d.heading("To try")
	for _, try := range tries {
		fmt.Fprintf(d.out, "  %-78s %s\n", try[0], d.paint("2", try[1]))
	}
	fmt.Fprintln(d.out)
}
