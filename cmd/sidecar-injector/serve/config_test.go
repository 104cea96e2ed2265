package serve

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

const (
	goodConfig  = "policy: disabled\n"
	otherConfig = "onError: allow\n"
	badConfig   = "policy: perhaps\n"
)

func newTestReloader(t *testing.T) *reloader {
	t.Helper()
	handler, err := webhook.New(webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := newReloader(handler, prometheus.NewRegistry(), errors.New("waiting for a test"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *reloader) counts() map[string]float64 {
	counts := map[string]float64{}
	for _, result := range []string{"applied", "refused"} {
		counts[result] = testutil.ToFloat64(c.reloads.WithLabelValues(result))
	}
	return counts
}

func TestConfigurationKeepsTheLastGoodOne(t *testing.T) {
	c := newTestReloader(t)
	if err := c.ready(); err == nil || err.Error() != "waiting for a test" {
		t.Fatalf("ready before the first configuration: %v", err)
	}
	if changed, err := c.apply(&configuration.Inputs{Config: []byte(badConfig)}); !changed || err == nil {
		t.Fatalf("a bad one: changed %v, error %v", changed, err)
	}
	if err := c.ready(); err == nil || !strings.Contains(err.Error(), `policy "perhaps"`) {
		t.Fatalf("ready does not say what is wrong: %v", err)
	}
	for range 2 { // the second time nothing is new
		if _, err := c.apply(&configuration.Inputs{Config: []byte(goodConfig)}); err != nil {
			t.Fatal(err)
		}
	}
	good, hash := c.handler.Config(), testutil.ToFloat64(c.hash)
	if good == nil || c.ready() != nil || hash == 0 {
		t.Fatalf("a good configuration is not in use: %v", c.ready())
	}
	if _, err := c.apply(&configuration.Inputs{Config: []byte(badConfig)}); err == nil {
		t.Fatal("a bad configuration was applied")
	}
	if c.handler.Config() != good || c.ready() != nil || testutil.ToFloat64(c.hash) != hash {
		t.Error("the last good configuration is gone")
	}
	if _, err := c.apply(&configuration.Inputs{Config: []byte(goodConfig), Values: []byte("proxy: {image: 7}")}); err == nil {
		t.Error("bad values were applied")
	}
	if diff := cmp.Diff(map[string]float64{"applied": 1, "refused": 3}, c.counts()); diff != "" {
		t.Error(diff)
	}
}

func TestConfigMapSource(t *testing.T) {
	key := types.NamespacedName{Namespace: "injector", Name: "config"}
	holding := func(data map[string]string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}, Data: data}
	}
	configMap := func(config string) *corev1.ConfigMap {
		return holding(map[string]string{"config": config, "values": "{}"})
	}
	cases := map[string]struct {
		object client.Object
		ready  string
		event  string
	}{
		"a good one is applied":                      {configMap(goodConfig), "", "Normal ConfigurationApplied"},
		"an empty object means the defaults":         {configMap("{}"), "", "Normal ConfigurationApplied"},
		"an empty text says nothing":                 {configMap(""), "config: there is nothing in it, want an object", "Warning ConfigurationRefused"},
		"one without the key config":                 {holding(map[string]string{"values": "{}"}), `the ConfigMap has no key "config", want config and values`, "Warning ConfigurationRefused"},
		"one without a key":                          {holding(nil), `the ConfigMap has no key "config"`, "Warning ConfigurationRefused"},
		"a bad one is refused in an Event":           {configMap(badConfig), `config: line 1: policy "perhaps"`, "Warning ConfigurationRefused"},
		"a missing one is waited for without a word": {nil, `waiting for ConfigMap "injector/config": it does not exist`, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			builder := fake.NewClientBuilder().WithScheme(newScheme())
			if c.object != nil {
				builder.WithObjects(c.object)
			}
			recorder := events.NewFakeRecorder(1)
			source := &configMapSource{reloader: newTestReloader(t), reader: builder.Build(), recorder: recorder}
			if _, err := source.Reconcile(t.Context(), reconcile.Request{NamespacedName: key}); err != nil {
				t.Fatal(err)
			}
			switch err := source.ready(); {
			case c.ready == "" && err != nil:
				t.Errorf("not ready: %v", err)
			case c.ready != "" && (err == nil || !strings.HasPrefix(err.Error(), c.ready)):
				t.Errorf("ready says %v, want %q", err, c.ready)
			}
			close(recorder.Events)
			if event := <-recorder.Events; !strings.HasPrefix(event, c.event) {
				t.Errorf("event %q, want %q", event, c.event)
			}
		})
	}
}

// TestConfigMapSourceKeepsTheLastGoodOne: whatever becomes of the ConfigMap, the configuration that excludes a namespace
// stays in use, the replica is ready, and each fault is told of once.
func TestConfigMapSourceKeepsTheLastGoodOne(t *testing.T) {
	key := types.NamespacedName{Namespace: "injector", Name: "config"}
	recorder := events.NewFakeRecorder(100)
	api := fake.NewClientBuilder().WithScheme(newScheme()).Build()
	source := &configMapSource{reloader: newTestReloader(t), reader: api, recorder: recorder}
	apply := func(data map[string]string) {
		t.Helper()
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}, Data: data}
		if err := client.IgnoreNotFound(api.Delete(t.Context(), object)); err != nil {
			t.Fatal(err)
		}
		if data != nil {
			object.ResourceVersion = ""
			if err := api.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time nothing is new
			if _, err := source.Reconcile(t.Context(), reconcile.Request{NamespacedName: key}); err != nil {
				t.Fatal(err)
			}
		}
	}
	apply(map[string]string{"config": "excludedNamespaces: [fenced]", "values": "{}"})
	good := source.handler.Config()
	for _, data := range []map[string]string{nil, {}, {"confg": "{}", "values": "{}"}, {"config": "", "values": "{}"}, {"config": "excludedNamespaces:", "values": "{}"}, nil} {
		apply(data)
		if source.handler.Config() != good || source.ready() != nil {
			t.Errorf("%v: the last good configuration is gone: %v", data, source.ready())
		}
	}
	if diff := cmp.Diff(map[string]float64{"applied": 1, "refused": 4}, source.counts()); diff != "" {
		t.Error(diff)
	}
	if len(recorder.Events) != 5 {
		t.Errorf("%d Events, want one for each ConfigMap", len(recorder.Events))
	}
	apply(map[string]string{"config": "{}", "values": "{}"})
	if source.handler.Config() == good {
		t.Error("the repaired configuration is not in use")
	}
}

func TestEventNoteFitsIntoAnEvent(t *testing.T) {
	note := eventNote(errors.New(strings.Repeat("ü\n", 2000)))
	if len(note) > 1000 || strings.ContainsRune(note, '\n') || strings.ContainsRune(note, '�') {
		t.Errorf("%d bytes: %q", len(note), note)
	}
}

// newTestFiles returns a source of two files that hold a good configuration, loaded, what it logged, and a function
// that writes the first file.
func newTestFiles(t *testing.T) (source *fileSource, logged *[]string, write func(string)) {
	t.Helper()
	dir := t.TempDir()
	logged = &[]string{}
	source = &fileSource{
		reloader: newTestReloader(t),
		config:   filepath.Join(dir, "config.yaml"),
		values:   filepath.Join(dir, "values.yaml"),
		log:      funcr.New(func(_, args string) { *logged = append(*logged, args) }, funcr.Options{}),
	}
	write = func(config string) {
		if err := os.WriteFile(source.config, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(goodConfig)
	if err := os.WriteFile(source.values, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := source.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return source, logged, write
}

func TestFilesInTheMiddleOfBeingWritten(t *testing.T) {
	source, logged, write := newTestFiles(t)
	first := source.handler.Config()
	for _, half := range []string{"", "onError: al", "onError: allow", otherConfig} {
		write(half)
		source.look(t.Context(), "")
		if source.handler.Config() != first {
			t.Fatalf("%q was applied at first sight", half)
		}
	}
	source.look(t.Context(), "")
	if source.handler.Config() == first {
		t.Error("the whole file was not applied")
	}
	if diff := cmp.Diff([]string{`"level"=0 "msg"="Configuration applied"`}, *logged); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatTurnBad(t *testing.T) {
	source, logged, write := newTestFiles(t)
	good := source.handler.Config()
	write(badConfig)
	told := ""
	for range 4 {
		told = source.look(t.Context(), told)
	}
	if len(*logged) != 1 || !strings.Contains((*logged)[0], "Configuration refused") {
		t.Errorf("a bad file was logged as %q, want one refusal", *logged)
	}
	if err := os.Remove(source.config); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		told = source.look(t.Context(), told)
	}
	if len(*logged) != 2 || !strings.Contains((*logged)[1], "no such file") {
		t.Errorf("a missing file was logged as %q, want one line about it", *logged)
	}
	if source.handler.Config() != good {
		t.Error("the last good configuration is gone")
	}
	write(otherConfig)
	for range 2 {
		told = source.look(t.Context(), told)
	}
	if source.handler.Config() == good || told != "" {
		t.Error("the repaired file was not applied")
	}
}

// TestFilesThatAreNoFiles: a named pipe, which nobody writes to, is an error at the start and afterwards, as is what has no
// end; nothing waits for it, and the last good configuration stays.
func TestFilesThatAreNoFiles(t *testing.T) {
	source, logged, write := newTestFiles(t)
	good := source.handler.Config()
	for _, odd := range []struct {
		replace func() error
		want    string
	}{
		{func() error { return syscall.Mkfifo(source.config, 0o600) }, "it is a named pipe, which is not read"},
		{func() error { return os.Symlink("/dev/zero", source.config) }, "it has more than 4 MiB"},
		{func() error { return os.Mkdir(source.config, 0o700) }, "is a directory"},
		{func() error { return os.WriteFile(source.config, nil, 0o600) }, "there is nothing in it, want an object"},
	} {
		if err := errors.Join(os.Remove(source.config), odd.replace()); err != nil {
			t.Fatal(err)
		}
		*logged = nil
		told := ""
		for range 4 {
			told = source.look(t.Context(), told)
		}
		if len(*logged) != 1 || !strings.Contains((*logged)[0], odd.want) || source.handler.Config() != good {
			t.Errorf("logged %q, want one line with %q and the last good configuration kept", *logged, odd.want)
		}
		again := &fileSource{reloader: newTestReloader(t), config: source.config}
		if err := again.load(t.Context()); err == nil || !strings.Contains(err.Error(), odd.want) {
			t.Errorf("at the start: error %v, want %q", err, odd.want)
		}
	}
	if err := os.Remove(source.config); err != nil {
		t.Fatal(err)
	}
	write(otherConfig)
	for range 2 {
		source.look(t.Context(), "")
	}
	if source.handler.Config() == good {
		t.Error("the repaired file was not applied")
	}
}

func TestFilesMustBeGoodAtTheStart(t *testing.T) {
	source, _, write := newTestFiles(t)
	write(badConfig)
	if err := source.load(t.Context()); err == nil {
		t.Error("a bad file was loaded")
	}
	source.config += ".missing"
	if err := source.load(t.Context()); err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read the configuration ") {
		t.Errorf("a missing file: %v", err)
	}
}
