package certs

import (
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTrustLogKnowsSinceWhen(t *testing.T) {
	x, y := newCA(t, "x"), newCA(t, "y")
	both := string(x.pem) + string(y.pem)
	pair := x.pairUntil(t, 0, 100*time.Hour)
	late := x.pairUntil(t, 5*time.Minute, 100*time.Hour)
	type state struct {
		minute int
		bundle string // "none": the configuration does not exist
	}
	const never, written = -1, -2
	for name, test := range map[string]struct {
		states []state
		pair   *Pair
		want   int // minute; -2: the end of the second in which it was written
	}{
		"since it was written, if it was found so": {[]state{{3, string(x.pem)}}, pair, written},
		"since a change":                                 {[]state{{3, string(y.pem)}, {4, string(x.pem)}}, pair, 4},
		"through a change that keeps the CA":             {[]state{{3, string(y.pem)}, {4, string(x.pem)}, {6, both}, {7, string(x.pem)}}, pair, 4},
		"not through an interruption":                    {[]state{{3, string(x.pem)}, {4, ""}, {6, string(x.pem)}}, pair, 6},
		"no earlier than the pair's own begin":           {[]state{{3, string(x.pem)}}, late, 5},
		"never while another CA stands there":            {[]state{{3, string(x.pem)}, {4, string(y.pem)}}, pair, never},
		"never while nothing stands there":               {[]state{{3, ""}}, pair, never},
		"never while nothing was read":                   {nil, pair, never},
		"without a configuration nobody asks, so always": {[]state{{3, "none"}}, pair, 3},
		"a configuration that comes later counts anew":   {[]state{{3, "none"}, {4, ""}, {5, string(x.pem)}}, pair, 5},
	} {
		t.Run(name, func(t *testing.T) {
			var log trustLog
			for _, s := range test.states {
				configuration := serviceConfiguration(s.bundle)
				if s.bundle == "none" {
					configuration = nil
				}
				log.observe(configuration, epoch.Add(time.Duration(s.minute)*time.Minute), time.Hour)
			}
			since, err := log.trustedSince(test.pair, epoch.Add(10*time.Minute))
			want := epoch.Add(time.Duration(test.want) * time.Minute)
			if test.want == written {
				want = epoch.Add(time.Second)
			}
			switch {
			case test.want == never:
				if err == nil || !since.IsZero() {
					t.Errorf("got %v, %v, want an error", since, err)
				}
			case err != nil || !since.Equal(want):
				t.Errorf("got %v, %v, want %v", since, err, want)
			}
		})
	}
}

// Every entry counts, for the name that API servers ask it for.
func TestTrustLogAsksEveryEntry(t *testing.T) {
	x := newCA(t, "x")
	pair := x.pairUntil(t, 0, time.Hour)
	configuration := webhookConfiguration(string(x.pem), string(x.pem))
	configuration.Webhooks[0].ClientConfig.Service = &admissionv1.ServiceReference{Namespace: "ns", Name: "webhook"}
	for url, want := range map[string]string{
		"https://webhook.ns.svc:8443/x": "",
		"https://127.0.0.1/x": `the caBundle of webhook "b.example.com" does not verify it: ` +
			`x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
	} {
		configuration.Webhooks[1].ClientConfig.URL = &url
		var log trustLog
		log.observe(configuration, epoch, time.Hour)
		_, err := log.trustedSince(pair, epoch)
		if got := errorText(err); got != want {
			t.Errorf("%s: got error %q, want %q", url, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTrustLogForgetsWhatIsLongPast(t *testing.T) {
	x := newCA(t, "x")
	var log trustLog
	for minute := range 100 {
		bundle := ""
		if minute%2 == 1 {
			bundle = string(x.pem)
		}
		log.observe(serviceConfiguration(bundle), epoch.Add(time.Duration(minute)*time.Minute), 10*time.Minute)
	}
	if got := len(log.states); got > 12 {
		t.Errorf("%d states are remembered", got)
	}
}

func TestWrittenAt(t *testing.T) {
	now := epoch.Add(time.Hour)
	const bundle, labels = `{"f:webhooks":{"k:{\"name\":\"a\"}":{"f:clientConfig":{"f:caBundle":{}}}}}`, `{"f:metadata":{"f:labels":{}}}`
	by := func(minutes int, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Time:     &metav1.Time{Time: epoch.Add(time.Duration(minutes) * time.Minute)},
			FieldsV1: metav1.NewFieldsV1(fields),
		}
	}
	for name, test := range map[string]struct {
		managed   []metav1.ManagedFieldsEntry
		published string
		want      time.Time
	}{
		"by its creation":                              {nil, "", epoch},
		"by the last who wrote":                        {[]metav1.ManagedFieldsEntry{by(7, bundle), by(9, bundle), by(8, bundle), {}}, "", epoch.Add(9 * time.Minute)},
		"by the publisher, who does not stand there":   {[]metav1.ManagedFieldsEntry{by(7, bundle)}, "2026-03-01T12:20:00Z", epoch.Add(20 * time.Minute)},
		"by another, if the publisher wrote before it": {[]metav1.ManagedFieldsEntry{by(27, bundle)}, "2026-03-01T12:20:00Z", epoch.Add(27 * time.Minute)},
		"not by an upgrade that only changes labels":   {[]metav1.ManagedFieldsEntry{by(27, labels)}, "2026-03-01T12:20:00Z", epoch.Add(20 * time.Minute)},
		"not by what is no time":                       {nil, "lately", epoch},
	} {
		t.Run(name, func(t *testing.T) {
			configuration := serviceConfiguration("")
			configuration.ManagedFields = test.managed
			configuration.Annotations = map[string]string{AnnotationBundleWritten: test.published}
			// Each is cut to a second, so that it may have been up to one later.
			if got := writtenAt(configuration, now); !got.Equal(test.want.Add(time.Second)) {
				t.Errorf("got %v, want a second after %v", got, test.want)
			}
		})
	}
	if got := writtenAt(&admissionv1.MutatingWebhookConfiguration{}, now); !got.Equal(now) {
		t.Errorf("without any time: got %v, want now", got)
	}
}
