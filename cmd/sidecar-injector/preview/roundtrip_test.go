package preview

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// file writes manifests in any formatting that people use. flow says that they may stand in brackets, which come back in
// blocks where they were too long; anything else comes back as it was.
type file struct {
	*rand.Rand
	flow     bool
	comments int
}

func (f *file) of(texts ...string) string { return texts[f.IntN(len(texts))] }

// note ends a line: with a comment that no other is equal to, or without.
func (f *file) note() string {
	if f.IntN(3) > 0 {
		return "\n"
	}
	f.comments++
	return fmt.Sprintf("%s# comment %d: [x\n", f.of(" ", "  ", "\t"), f.comments)
}

// above is what may stand in the line above.
func (f *file) above() string { return strings.TrimLeft(f.of("", "", f.note()), " \t") }

// maybe is a text, or nothing.
func (f *file) maybe(text string) string { return f.of("", text) }

func indented(columns int, text string) string {
	return regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(text, strings.Repeat(" ", columns)+"$1")
}

// under writes a text below a key.
func (f *file) under(key, text string) string {
	columns := 2 + 2*f.IntN(2)
	return f.above() + key + ":" + f.note() + indented(columns, text)
}

// list writes texts as a list below a key.
func (f *file) list(key string, elements ...string) string {
	var text strings.Builder
	columns := 2 * f.IntN(2)
	for _, element := range elements {
		text.WriteString(f.above() + "- " + strings.TrimLeft(indented(2, element), " "))
	}
	return f.above() + key + ":" + f.note() + indented(columns, text.String())
}

// shuffled puts entries of a mapping together in any order.
func (f *file) shuffled(entries ...string) string {
	f.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return strings.Join(entries, "")
}

func (f *file) container(name string) string {
	text := "name: " + name + f.note() + f.shuffled(
		"image: "+f.of("a:1", `"b@sha256:1"`, "'c'")+f.note(),
		f.maybe("command: [sh, -c, 'a # b']"+f.note()),
		f.maybe(f.list("args", f.of("|\n  ---\n  # no comment\n", ">-\n  folded\n  text\n", "\"1\"\n"), "last"+f.note())),
		f.maybe(f.list("env", "name: A\nvalue: \"yes\""+f.note(), "{name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n")),
		f.maybe(f.list("ports", "containerPort: "+f.of("8080", "0x50")+"\n", "{containerPort: 53, protocol: UDP}\n")),
		f.maybe(f.under("readinessProbe", f.shuffled("httpGet: {port: 8080}"+f.note(), f.maybe("periodSeconds: 3\n")))),
		f.maybe(f.under("livenessProbe", "tcpSocket:\n  port: 8080\n")),
		f.maybe(f.under("resources", f.of("limits: {cpu: 1}\n", "requests:\n  cpu: 10m"+f.note(), "claims:\n"))),
		f.maybe(f.under("securityContext", f.of("runAsUser: 1000\n", "capabilities: {drop: [ALL]}\n"))),
		f.maybe("volumeMounts: "+f.of("[]", "[{name: data, mountPath: /data}]")+f.note()),
	)
	return text
}

func (f *file) pod(labels string) string {
	ask := `sidecar.istio.io/inject: ` + f.of(`"true"`, `'true'`, `"false"`) + f.note()
	annotations := f.maybe("sidecar.istio.io/nativeSidecar: \"false\"\n") + f.maybe("prometheus.io/scrape: \"false\"\n") + f.maybe("a.b/c: |\n  x\n  ---\n")
	metadata := "name: pod\n" + f.shuffled(f.under("labels", labels), f.under("annotations", f.above()+"'"+strings.Replace(ask, ":", "':", 1)+annotations))
	if f.flow && f.IntN(2) == 0 {
		metadata = "name: pod\nannotations: {a: b}\nlabels: {app: web, sidecar.istio.io/inject: \"true\"}" + f.note()
	}
	containers := f.list("containers", f.container("web"), f.container("side"))
	if f.flow && f.IntN(2) == 0 {
		containers = "containers: [{name: web, image: a}, {name: side, image: b}]" + f.note()
	}
	spec := f.shuffled(
		containers,
		f.maybe(f.list("initContainers", f.container("first"))),
		f.maybe(f.list("volumes", "name: data"+f.note()+"emptyDir: {}\n", "name: x\nconfigMap: {name: x, defaultMode: 0644}\n")),
		f.maybe("terminationGracePeriodSeconds: 3e1"+f.note()),
		f.maybe("securityContext: "+f.of("{}", "{fsGroup: 1}")+f.note()),
		f.maybe("nodeSelector:"+f.of("", " ~")+f.note()),
		f.maybe("futureField: {kept: [1, 2.50, on]}"+f.note()),
		f.maybe(f.list("imagePullSecrets", "name: own\n")),
	)
	return f.shuffled(f.under("metadata", metadata), f.under("spec", spec))
}

func (f *file) document() string {
	labels := "app: web" + f.note()
	head := func(version, kind, rest string) string {
		return f.shuffled("apiVersion: "+version+f.note(), "kind: "+kind+f.note(), rest)
	}
	named := f.under("metadata", "name: "+f.of("web", `"1"`)+f.note())
	switch f.IntN(6) {
	case 0:
		return head("v1", "ConfigMap", named+"data:\n  x: |+\n    ---\n    y: z\n\n  'on': >-\n      folded\n"+f.maybe("  q: \"a\\\n    b\"\n"))
	case 1:
		return "{apiVersion: v1, kind: Service, metadata: {name: s}}" + f.note()
	case 2:
		return head("v1", "Pod", f.pod(labels))
	case 3:
		return head("batch/v1", "CronJob", named+f.under("spec", f.shuffled("schedule: '@daily'\n", f.under("jobTemplate", f.under("spec", f.under("template", f.pod(labels)))))))
	case 4:
		return head("v1", "List", f.list("items", head("apps/v1", "Deployment", named+f.under("spec", f.under("template", f.pod(labels)))), "{apiVersion: v1, kind: Service, metadata: {name: s}}\n"))
	}
	return head(f.of("apps/v1", "example.org/v1"), f.of("StatefulSet", "Rollout"), named+f.under("spec", f.under("template", f.pod(labels))))
}

// write writes a file of several documents.
func (f *file) write() []byte {
	text := f.of("", "\n", "# head\n", "---\n", "---\n# Source: chart/a.yaml\n---\n")
	for i := range 1 + f.IntN(4) {
		if i > 0 {
			text += f.of("---\n", "--- # Source: b.yaml\n", "---  \n", "---\n# Source: c.yaml\n", "\n\n---\n---\n", "# end\n---\n", "...\n---\n")
		}
		text += f.document()
	}
	text += f.of("", "", "# end\n", "---\n", "\n\n", "...\n")
	if f.IntN(3) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if f.IntN(4) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return []byte(f.of("", "", "\ufeff") + text)
}

var someComment = regexp.MustCompile(`# comment \d+:`)

// FuzzRemoveUndoesPreview makes a file of any formatting and injects it: what is printed is the injected objects, what was
// not touched is as it came, comments stay, patches apply. remove gives the file back.
func FuzzRemoveUndoesPreview(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		made := file{Rand: rand.New(rand.NewPCG(seed, 0)), flow: seed%2 == 0}
		raw := made.write()
		injected := through(t, raw, newPreviewer(t, nil))
		if again := through(t, injected, newPreviewer(t, nil)); !bytes.Equal(injected, again) {
			t.Errorf("injecting twice is another thing:\n%s", cmp.Diff(string(injected), string(again)))
		}
		remover, err := NewRemover(RemoverOptions{})
		if err != nil {
			t.Fatal(err)
		}
		removed := through(t, injected, remover)
		if !made.flow && !bytes.Equal(raw, removed) {
			t.Errorf("bytes (-as they came +as they come back):\n%s", cmp.Diff(string(raw), string(removed)))
		}
		if diff := cmp.Diff(objects(t, raw), objects(t, removed)); diff != "" {
			t.Errorf("objects (-as they came +as they come back):\n%s\n%s", diff, raw)
		}
	})
}

// through sends a file through -o yaml, and checks what comes out.
func through(t *testing.T, raw []byte, previewer *Previewer) []byte {
	t.Helper()
	before, err := manifest.Parse("in.yaml", raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	printed, err := previewer.Print(t.Context(), before, FormatYAML)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	after, err := manifest.Parse("out.yaml", printed.Text)
	if err != nil || len(after) != len(before) {
		t.Fatalf("%d documents became %d (%v)\n%s", len(before), len(after), err, printed.Text)
	}
	for i := range before {
		result, err := previewer.Preview(t.Context(), &before[i])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(result.Object, after[i].Object); diff != "" {
			t.Errorf("document %d (-wanted +printed):\n%s", i+1, diff)
		}
		if !result.changed() && !bytes.Equal(before[i].Raw, after[i].Raw) || !bytes.Equal(before[i].Separator, after[i].Separator) {
			t.Errorf("document %d was not changed, but its bytes were", i+1)
		}
		for _, w := range result.Workloads {
			if w.Patch == nil {
				continue
			}
			template, wanted := any(before[i].Object), any(result.Object)
			for _, field := range strings.Split(w.Pointer, "/")[1:] {
				template, wanted = child(template, field), child(wanted, field)
			}
			if diff := cmp.Diff(wanted, any(applyPatch(t, template.(map[string]any), w))); diff != "" {
				t.Errorf("document %d (-wanted +patched):\n%s", i+1, diff)
			}
		}
	}
	if diff := cmp.Diff(someComment.FindAllString(string(raw), -1), someComment.FindAllString(string(printed.Text), -1)); diff != "" {
		t.Errorf("comments (-as they came +as they are printed):\n%s\n%s", diff, printed.Text)
	}
	return printed.Text
}

// objects are the objects of a file without what is null in them.
func objects(t *testing.T, raw []byte) []any {
	t.Helper()
	documents, err := manifest.Parse("in.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, document := range documents {
		all = append(all, withoutNulls(runtime.DeepCopyJSON(document.Object)))
	}
	return all
}

func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if field == nil {
				delete(value, key)
			}
			withoutNulls(field)
		}
	case []any:
		for _, element := range value {
			withoutNulls(element)
		}
	}
	return value
}

// child is a field of an object, or an element of a list.
func child(value any, name string) any {
	if list, ok := value.([]any); ok {
		i, _ := strconv.Atoi(name)
		return list[i]
	}
	return value.(map[string]any)[name]
}
