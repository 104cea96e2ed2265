package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// recordVariable names the file into which TestRecordDashboard writes; empty: it does nothing.
const recordVariable = "DASHBOARD_RECORD"

// recordedPanels are those of which a picture is drawn.
var recordedPanels = []string{
	"Admissions by outcome", "Duration of admissions", "Errors by reason", "Decisions by reason", "Configuration: reloads", "Certificate: what happened",
}

// record is what the graphs of the dashboard show.
type record struct {
	Panels []recordedPanel `json:"panels"`
}

type recordedPanel struct {
	Title  string         `json:"title"`
	Unit   string         `json:"unit"`
	Series []recordedLine `json:"series"`
}

// recordedLine has a value for each step; nil: there is none.
type recordedLine struct {
	Name   string     `json:"name"`
	Values []*float64 `json:"values"`
}

// recordStep is between two values, and recordedRates what $__rate_interval becomes.
const (
	recordStep    = 2 * time.Second
	recordedRates = "10s"
)

// TestRecordDashboard records what the dashboard shows of two replicas that answer pods all the time, while some are
// skipped and refused, a configuration is refused, a certificate is renewed, and many more pods come.
func TestRecordDashboard(t *testing.T) {
	file := os.Getenv(recordVariable)
	if file == "" {
		t.Skip("SKIPPED: it checks nothing; make dashboard-record records by it")
	}
	r := newFleet(t)
	withoutValidation(t, rotationRelease)
	prometheus := watched(t, rotationRelease, map[string]*cluster.Injector{
		"sidecar-injector-0": r.replicas[0].injector, "sidecar-injector-1": r.replicas[1].injector,
	})
	pause := func(seconds int) { time.Sleep(time.Duration(seconds) * time.Second) }
	pause(20) // until rates are there
	start := time.Now()
	pause(20)
	for range 40 {
		r.load().Do(func() { // the balancer closes no connections meanwhile
			mustCreate(t, newPod(askingNamespace, asks, hostNetwork))
			if refused := create(t, newPod(askingNamespace, asks, annotation("sidecar.istio.io/proxyCPU", "much"))); refused.err == nil {
				t.Error("a pod with a bad annotation was let in")
			}
		})
		time.Sleep(200 * time.Millisecond)
	}
	pause(10)
	if err := breakConfiguration(cutConfigMap)(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	pause(15)
	if err := renewLeaf(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	pause(15)
	for part := range 8 {
		for _, replica := range r.replicas {
			if err := answerMany(t.Context(), "https://"+replica.address+"/inject/pod", part, 400); err != nil {
				t.Fatal(err)
			}
		}
		pause(1)
	}
	pause(25)
	recorded, err := recordDashboard(t.Context(), prometheus, panels(t), start, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// recordDashboard asks the queries of the recorded panels, as Grafana does.
func recordDashboard(ctx context.Context, prometheus *cluster.Prometheus, panels []panel, start, end time.Time) (record, error) {
	var recorded record
	for _, title := range recordedPanels {
		i := slices.IndexFunc(panels, func(p panel) bool { return p.Title == title })
		if i < 0 {
			return recorded, fmt.Errorf("the dashboard has no panel %q", title)
		}
		drawn := recordedPanel{Title: title, Unit: panels[i].FieldConfig.Defaults.Unit}
		for _, target := range panels[i].Targets {
			lines, err := recordLines(ctx, prometheus, target.Expr, target.LegendFormat, start, end)
			if err != nil {
				return recorded, err
			}
			drawn.Series = append(drawn.Series, lines...)
		}
		if len(drawn.Series) == 0 {
			return recorded, errors.New("nothing to draw in " + title)
		}
		recorded.Panels = append(recorded.Panels, drawn)
	}
	return recorded, nil
}

// recordLines returns the series of one query over the time, without those that are 0 all the time.
func recordLines(ctx context.Context, prometheus *cluster.Prometheus, query, legend string, start, end time.Time) ([]recordedLine, error) {
	seconds := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	query = regexp.MustCompile(`\$\w+`).ReplaceAllStringFunc(query, func(variable string) string {
		return map[string]string{"$__rate_interval": recordedRates, "$namespace": rotationRelease}[variable]
	})
	var data struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any
		}
	}
	err := prometheus.Get(ctx, "query_range", url.Values{
		"query": {query}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {recordStep.String()},
	}, &data)
	if err != nil {
		return nil, err
	}
	lines := map[string]recordedLine{}
	for _, result := range data.Result {
		name := regexp.MustCompile(`\{\{(\w+)\}\}`).ReplaceAllStringFunc(legend, func(label string) string { return result.Metric[label[2:len(label)-2]] })
		line, zero := recordedLine{name, make([]*float64, (end.Unix()-start.Unix())/int64(recordStep.Seconds())+1)}, true
		for _, point := range result.Values {
			at, _ := point[0].(float64)
			text, _ := point[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(value) {
				continue
			}
			if value, err = strconv.ParseFloat(strconv.FormatFloat(value, 'g', 4, 64), 64); err != nil { // as much as a picture shows
				return nil, err
			}
			line.Values[(int64(at)-start.Unix())/int64(recordStep.Seconds())] = &value
			zero = zero && value == 0
		}
		if !zero {
			lines[name] = line
		}
	}
	sorted := make([]recordedLine, 0, len(lines))
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		sorted = append(sorted, lines[name])
	}
	return sorted, nil
}
