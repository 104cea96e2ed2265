package templates

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// replicaOf returns a copy of a pod with the marks of a single pod, as a controller and the API server make them.
func replicaOf(pod map[string]any, number int) map[string]any {
	replica := runtime.DeepCopyJSON(pod)
	metadata := Child(replica, "metadata")
	metadata["generateName"] = "p-"
	metadata["name"] = fmt.Sprintf("p-%05d", number)
	metadata["uid"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", number)
	metadata["managedFields"] = []any{map[string]any{"manager": "kube-controller-manager", "time": fmt.Sprintf("2026-01-01T00:00:%02dZ", number%60)}}
	metadata["ownerReferences"] = []any{map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "p", "uid": fmt.Sprint(number)}}
	token := fmt.Sprintf("%s%05d", tokenPrefix, number)
	spec := Child(replica, "spec")
	volumes, _ := spec["volumes"].([]any)
	spec["volumes"] = append(volumes, map[string]any{"name": token, "projected": map[string]any{"sources": []any{}}})
	for _, container := range Pod(replica).All() {
		mounts, _ := container["volumeMounts"].([]any)
		container["volumeMounts"] = append(mounts, map[string]any{"name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true})
	}
	return replica
}

// answersAlike compares what a remembering engine answers with what an injection of the same input gives.
func answersAlike(t *testing.T, engine *Engine, input Input) {
	t.Helper()
	answer, err := engine.Answer(input)
	result, wrong := engine.Inject(input)
	if fmt.Sprint(err) != fmt.Sprint(wrong) {
		t.Fatalf("answer: %v; injection: %v", err, wrong)
	}
	if err != nil {
		return
	}
	var patch []byte
	if result.Patch != nil {
		patch = result.Patch.AppendJSON(nil)
	}
	if diff := cmp.Diff(string(patch), string(answer.Patch)); diff != "" {
		t.Fatalf("patch (-injection +answer):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{result.Templates, result.Warnings}, [][]string{answer.Templates, answer.Warnings}); diff != "" {
		t.Fatalf("templates and warnings (-injection +answer):\n%s", diff)
	}
}

// change changes one leaf of a decoded object, at random.
func change(random *rand.Rand, value any) any {
	switch value := value.(type) {
	case map[string]any:
		// What is written into managedFields is well-formed.
		keys := slices.DeleteFunc(sortedKeys(value), func(key string) bool { return key == "managedFields" })
		if len(keys) == 0 {
			return value
		}
		key := keys[random.IntN(len(keys))]
		value[key] = change(random, value[key])
		return value
	case []any:
		if len(value) > 0 {
			i := random.IntN(len(value))
			value[i] = change(random, value[i])
		}
		return value
	case string:
		return value + string(rune('a'+random.IntN(26)))
	case int64:
		return value + 1
	case bool:
		return !value
	}
	return value
}

// TestAnswers: for the pods of all cases, what is remembered of one pod and answered to another is what that one's own
// injection gives, whether they are replicas or differ in anything else.
func TestAnswers(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, file := range archive.Files {
				files[file.Name] = file.Data
			}
			var options Options
			if err := yaml.UnmarshalStrict(files["options.yaml"], &options); err != nil {
				t.Fatal(err)
			}
			engine, err := New(options)
			if err != nil {
				return
			}
			raw, err := yaml.YAMLToJSON(files["pod.yaml"])
			if err != nil {
				t.Fatal(err)
			}
			pod := mustDecode(t, string(raw))
			if len(Pod(pod).All()) == 0 {
				return
			}
			random := rand.New(rand.NewPCG(1, 2))
			for number := range 20 {
				input := Input{Pod: replicaOf(pod, number), Namespace: metav1.ObjectMeta{Name: "shop"}}
				answersAlike(t, engine, input)
				if number%2 == 0 {
					change(random, input.Pod)
					answersAlike(t, engine, input)
				}
				if number%5 == 0 {
					input.Namespace.Annotations = map[string]string{"sidecar.istio.io/logLevel": []string{"debug", "info"}[number/5%2]}
					answersAlike(t, engine, input)
				}
			}
		})
	}
}

// TestReplicasAreRecognised: the pods of a workload are answered from memory, unless something reads what they differ in.
func TestReplicasAreRecognised(t *testing.T) {
	const container = "spec: {containers: [{name: x, image: x, args: [%s]}]}"
	for name, test := range map[string]struct {
		template string
		entries  int // that three replicas make
	}{
		"nothing is read":                       {fmt.Sprintf(container, "x"), 1},
		"labels and containers are":             {"{{ range $c := .Spec.Containers }}{{ if eq $c.Name \"a\" }}{{ $i := $c.Image }}{{ end }}{{ end }}" + fmt.Sprintf(container, `{{ index .ObjectMeta.Labels "app" | quote }}`), 1},
		"probes in a list are":                  {"{{ range concat .Spec.Containers .Spec.InitContainers }}{{ range list .LivenessProbe .ReadinessProbe }}{{ with . }}{{ $p := .PeriodSeconds }}{{ end }}{{ end }}{{ end }}" + fmt.Sprintf(container, "x"), 1},
		"the name is":                           {fmt.Sprintf(container, "{{ .ObjectMeta.Name }}"), 3},
		"the name is, through a variable":       {"{{ $m := .ObjectMeta }}" + fmt.Sprintf(container, "{{ $m.Name }}"), 3},
		"the name is, by a template":            {`{{ define "n" }}{{ .Name }}{{ end }}` + fmt.Sprintf(container, `{{ template "n" .ObjectMeta }}`), 3},
		"the name is, by a method":              {fmt.Sprintf(container, "{{ .ObjectMeta.GetName }}"), 3},
		"all metadata is":                       {fmt.Sprintf(container, "{{ toJSON .ObjectMeta | quote }}"), 3},
		"everything is":                         {fmt.Sprintf(container, "{{ toJSON . | trunc 1 | quote }}"), 0},
		"volumes are":                           {fmt.Sprintf(container, "{{ (index .Spec.Volumes 0).Name }}"), 3},
		"mounts are":                            {"{{ $n := \"\" }}{{ range .Spec.Containers }}{{ range .VolumeMounts }}{{ $n = .Name }}{{ end }}{{ end }}" + fmt.Sprintf(container, "{{ $n }}"), 3},
		"containers are, as a whole":            {fmt.Sprintf(container, "{{ toJSON .Spec.Containers | quote }}"), 3},
		"a namespace is, where it was changed":  {fmt.Sprintf(container, "{{ .Namespace.ResourceVersion }}"), 0},
		"tokens are mentioned":                  {fmt.Sprintf(container, "kube-api-access-x"), 3},
		"UIDs of owners are, which are unequal": {fmt.Sprintf(container, "{{ (index .ObjectMeta.OwnerReferences 0).UID }}"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			profile, err := BuiltinProfile(DefaultProfile)
			if err != nil {
				t.Fatal(err)
			}
			profile.Templates = map[string]string{"t": test.template}
			engine, err := New(Options{Profile: profile, DefaultTemplates: []string{"t"}})
			if err != nil {
				t.Fatal(err)
			}
			pod := mustDecode(t, `{"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}`)
			for number := range 3 {
				input := Input{Pod: replicaOf(pod, number), Namespace: metav1.ObjectMeta{Name: "shop"}}
				if _, err := engine.Answer(input); err != nil {
					t.Fatal(err)
				}
				answersAlike(t, engine, input)
			}
			if got := engine.replicas.answers.Len(); got != test.entries {
				t.Errorf("%d answers are remembered, want %d", got, test.entries)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}`), 1, uint64(2))
	engine, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte, number int, seed uint64) {
		decoded, err := strictyaml.DecodeObject(raw)
		if err != nil || len(Pod(decoded).All()) == 0 {
			return
		}
		random := rand.New(rand.NewPCG(seed, 1))
		for range 3 {
			answersAlike(t, engine, Input{Pod: replicaOf(decoded, number%100000), Namespace: metav1.ObjectMeta{Name: "shop"}})
			change(random, decoded)
		}
	})
}
