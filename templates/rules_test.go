package templates

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRulesOfProfiles shows rules about what only some profiles do: annotations that mount volumes, and probes of the
// application that are sent through the proxy.
func TestRulesOfProfiles(t *testing.T) {
	engine := mustEngine(t, Options{Profile: &Profile{
		DefaultTemplates: []string{"proxy"},
		Keys:             Keys{Status: "example.com/status"},
		FieldAnnotations: map[string]string{"volumes": "example.com/volume", "volumeMounts": "example.com/mounts", "probe.httpGet.port": "example.com/port"},
		Templates: map[string]string{"proxy": `
spec:
  volumes: [{name: {{ annotation .ObjectMeta "example.com/volume" "own" }}, emptyDir: {}}]
  initContainers:
  - name: proxy
    image: proxy
    restartPolicy: Always
    volumeMounts:
    - {name: {{ annotation .ObjectMeta "example.com/mounts" "data" }}, mountPath: /data}`},
		Hooks: Hooks{Finish: func(in *Injection) error {
			for _, container := range in.Pod.In(Containers) {
				if in.Data.ObjectMeta.Annotations["example.com/port"] == "0" {
					container["livenessProbe"] = map[string]any{"httpGet": map[string]any{"port": int64(0)}}
				}
			}
			return nil
		}},
	}})
	for name, test := range map[string]struct{ annotations, want string }{
		"a volume that is there":     {`example.com/mounts: data`, "<nil>"},
		"a volume that is not there": {`example.com/mounts: mine`, `annotation "example.com/mounts": it mounts the volume "mine", and the pod has none of that name: add it, or do not mount it`},
		"a volume's name":            {`example.com/volume: mine`, "<nil>"},
		"a bad name of a volume":     {`example.com/volume: Mine`, `annotation "example.com/volume": "Mine" is not the name of a volume: want lower-case letters, digits and '-', 63 at most, and no '-' at the ends`},
		"a port for probes":          {`example.com/port: "1"`, "<nil>"},
		"no port for probes":         {`example.com/port: "0"`, `annotation "example.com/port": "0" is not a port (1 to 65535), and the livenessProbe of the container "app" needs one`},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podOf(t, `{metadata: {annotations: {`+test.annotations+`}}, spec: {volumes: [{name: data, emptyDir: {}}], containers: [{name: app, image: app}]}}`)
			_, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("error\n got %s\nwant %s", got, test.want)
			}
		})
	}
}
