package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// reloader applies what it reads to the handler, and keeps the last good one.
type reloader struct {
	handler *webhook.Handler
	reloads *prometheus.CounterVec
	result  prometheus.Gauge
	applied prometheus.Gauge
	hash    prometheus.Gauge
	missing atomic.Pointer[error] // why there is none yet

	last *configuration.Inputs // what was read last; each source reads in one goroutine only
}

// newReloader registers its metric. waiting says what it waits for.
func newReloader(handler *webhook.Handler, registerer prometheus.Registerer, waiting error) (*reloader, error) {
	c := &reloader{handler: handler, reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sidecar_injector_config_reloads_total",
		Help: "Configurations that were read, the first one included, by result: applied or refused.",
	}, []string{"result"})}
	for _, result := range []string{"applied", "refused"} {
		c.reloads.WithLabelValues(result)
	}
	c.result = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sidecar_injector_config_last_reload_successful",
		Help: "Whether the configuration that was read last is in use: 1, or 0 if it was refused.",
	})
	c.applied = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sidecar_injector_config_last_reload_success_timestamp_seconds",
		Help: "When a configuration was applied last, in seconds since 1970. 0: none is yet.",
	})
	c.hash = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sidecar_injector_config_hash",
		Help: "A number made of the configuration in use, the same in all replicas that have the same one. 0: none is yet.",
	})
	for _, collector := range []prometheus.Collector{c.reloads, c.result, c.applied, c.hash} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register the metrics of the configuration: %w", err)
		}
	}
	c.missing.Store(&waiting)
	return c, nil
}

// ready reports, for people, why no configuration is loaded yet.
func (c *reloader) ready() error {
	if c.handler.Config() != nil {
		return nil
	}
	return *c.missing.Load()
}

// apply parses a configuration and hands it to the handler. What was read before
// is not parsed again: changed is false then. The error says why it is refused;
// the last good one stays. The inputs must not be changed afterwards.
func (c *reloader) apply(in *configuration.Inputs) (changed bool, err error) {
	if c.last != nil && c.last.Equal(in) {
		return false, nil
	}
	c.last = in
	parsed, err := in.Parse()
	if err != nil {
		c.reloads.WithLabelValues("refused").Inc()
		c.result.Set(0)
		c.missing.Store(&err)
		return true, err
	}
	first := c.handler.Config() == nil
	c.handler.SetConfig(parsed)
	if first { // reading it has taken much more than is kept
		debug.FreeOSMemory()
	}
	c.reloads.WithLabelValues("applied").Inc()
	c.result.Set(1)
	c.applied.SetToCurrentTime()
	c.hash.Set(float64(in.Hash()))
	return true, nil
}

// configMapSource reconciles the ConfigMap that holds the configuration, and what
// belongs to it.
type configMapSource struct {
	*reloader
	reader   client.Reader
	recorder events.EventRecorder
	istio    *istioWatch // nil: no Istio is watched
	sources  []watchedConfigMap
	told     string // what was logged last as missing
}

// soon is when to look again at what a watch is about to deliver.
const soon = 50 * time.Millisecond

// Reconcile applies what the ConfigMap holds. A bad configuration is no error: it
// is logged, counted and told in an Event on the ConfigMap.
func (s *configMapSource) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var object corev1.ConfigMap
	err := s.reader.Get(ctx, request.NamespacedName, &object)
	if apierrors.IsNotFound(err) {
		missing := fmt.Errorf("waiting for ConfigMap %q: it does not exist", request.NamespacedName)
		s.missing.Store(&missing)
		log.FromContext(ctx).Info("ConfigMap of the configuration does not exist, keeping the last good configuration")
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("read ConfigMap %q: %w", request.NamespacedName, err)
	}
	in, err := s.inputs(ctx, &object)
	if err != nil {
		return s.wait(ctx, err), nil
	}
	s.told = ""
	changed, err := s.apply(in)
	switch {
	case err != nil:
		log.FromContext(ctx).Error(err, "Configuration refused, keeping the last good one")
		s.recorder.Eventf(&object, nil, corev1.EventTypeWarning, "ConfigurationRefused", "Reload",
			"the last good configuration stays: %s", eventNote(err))
	case changed:
		log.FromContext(ctx).Info("Configuration applied", "resourceVersion", object.ResourceVersion)
		s.recorder.Eventf(&object, nil, corev1.EventTypeNormal, "ConfigurationApplied", "Reload", "the configuration is in use")
	}
	return reconcile.Result{}, nil
}

// inputs returns what a ConfigMap and what belongs to it make. The error says, for
// people, what is missing. It may be called concurrently.
func (s *configMapSource) inputs(ctx context.Context, object *corev1.ConfigMap) (*configuration.Inputs, error) {
	in := configuration.FromConfigMap(object)
	if s.istio != nil {
		sources, err := s.istio.sources(ctx)
		if err != nil {
			return nil, err
		}
		in.Istio = &sources
	}
	for _, from := range s.sources {
		data, err := from.get(ctx)
		if err != nil {
			return nil, err
		}
		if in.Sources == nil {
			in.Sources = map[string]map[string]string{}
		}
		in.Sources[from.key.Name] = data
	}
	return in, nil
}

// wait notes what is missing of Istio and logs it once. What a watch tells of needs
// no second look.
func (s *configMapSource) wait(ctx context.Context, missing error) reconcile.Result {
	s.missing.Store(&missing)
	if missing.Error() != s.told {
		s.told = missing.Error()
		log.FromContext(ctx).Info("Configuration is not complete", "because", missing.Error())
	}
	if errors.Is(missing, errNodesUnknown) || errors.Is(missing, errProxyConfigsUnknown) {
		return reconcile.Result{RequeueAfter: soon}
	}
	return reconcile.Result{}
}

// eventNote is the error's text in one line, escaped, and cut to what the API
// server takes for an Event beside the words before it.
func eventNote(err error) string {
	const limit = 900
	text := terminal.Text(oneLine(err.Error()))
	if len(text) <= limit {
		return text
	}
	return string(bytes.ToValidUTF8([]byte(text[:limit]), nil)) + "…"
}

// fileSource reads the configuration from files, each of which may be unnamed.
type fileSource struct {
	*reloader
	config, values, profile string
	interval                time.Duration
	log                     logr.Logger

	// What was read last, to see whether it still changes.
	seen fileContents
}

// fileContents is what the files held, or why they could not be read.
type fileContents struct {
	config, values, profile []byte
	problem                 string
}

func (s *fileSource) readFiles(ctx context.Context) (fileContents, error) {
	config, errConfig := readOptional(ctx, s.config)
	values, errValues := readOptional(ctx, s.values)
	var profile []byte
	var errProfile error
	if s.profile != "" {
		profile, errProfile = configuration.ReadProfile(ctx, s.profile)
	}
	if err := errors.Join(errConfig, errValues, errProfile); err != nil {
		return fileContents{problem: err.Error()}, err
	}
	return fileContents{config: config, values: values, profile: profile}, nil
}

func (c fileContents) equal(other fileContents) bool {
	return c.problem == other.problem && bytes.Equal(c.config, other.config) && bytes.Equal(c.values, other.values) && bytes.Equal(c.profile, other.profile)
}

func (c fileContents) inputs() *configuration.Inputs {
	return &configuration.Inputs{Config: c.config, Values: c.values, Profile: c.profile}
}

// load reads and applies the files once.
func (s *fileSource) load(ctx context.Context) error {
	contents, err := s.readFiles(ctx)
	if err != nil {
		return err
	}
	s.seen = contents
	_, err = s.apply(contents.inputs())
	return err
}

// Start looks at the files until ctx ends. They are small and read whole, which
// sees a change however it was made: in place, by renaming, by a swapped link.
func (s *fileSource) Start(ctx context.Context) error {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			told = s.look(ctx, told)
		}
	}
}

// look reads the files once. A change is applied when two readings in a row saw
// the same: in the middle of being written a file may be empty or cut off, and
// the beginning of a configuration can be a valid one. told is the last problem
// with reading that was logged, and is returned as it is now.
func (s *fileSource) look(ctx context.Context, told string) string {
	contents, err := s.readFiles(ctx)
	if ctx.Err() != nil {
		return told
	}
	settled := contents.equal(s.seen)
	s.seen = contents
	if !settled {
		return told
	}
	if err != nil {
		if contents.problem != told {
			s.log.Error(err, "Configuration not readable, keeping the last good one")
		}
		return contents.problem
	}
	switch changed, err := s.apply(contents.inputs()); {
	case err != nil:
		s.log.Error(err, "Configuration refused, keeping the last good one")
	case changed:
		s.log.Info("Configuration applied")
	}
	return ""
}

// readOptional returns the file's content, nothing for a file without a name.
func readOptional(ctx context.Context, file string) ([]byte, error) {
	content, err := configuration.ReadFile(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration %q: %w", file, err)
	}
	return content, nil
}
