package certs

import (
	"context"
	"fmt"
	"strings"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// report tells what a look came to: in the log and an Event what is new, in the
// metrics and the notices what is.
func (s *SecretSource) report(ctx context.Context, seen *view) {
	s.tell(ctx, seen)
	s.tellEvent(seen)
	notices := s.trouble(seen)
	s.notices.Store(&notices)
	trusted := map[string]bool{}
	if serving := s.pair.Load(); serving != nil {
		for _, entry := range s.trust.entries() {
			trusted[entry.name] = entry.verifies(serving, seen.now) == nil
		}
	}
	s.options.Metrics.trustIs(trusted)
	if seen.certificate != nil {
		s.options.Metrics.renewalIs(seen.certificate.Status.RenewalTime)
	} else {
		s.options.Metrics.renewalIs(nil)
	}
}

// tell logs what became of the Secret's pair, once for each that is different.
func (s *SecretSource) tell(ctx context.Context, seen *view) {
	logger := log.FromContext(ctx)
	state := fmt.Sprint(seen.waiting, seen.refused, seen.foreign)
	if seen.secret != nil {
		state += seen.secret.ResourceVersion
	}
	changed := state != s.reported
	s.reported = state
	if seen.pair != nil {
		leaf := seen.pair.Certificate.Leaf
		logger = logger.WithValues("serial", leaf.SerialNumber.Text(16), "notAfter", leaf.NotAfter)
	}
	switch {
	case seen.forced:
		logger.Error(s.untrusted(seen), "Serving pair adopted though not every caBundle verifies it: the old one expires")
		s.event(seen, true, "ServingPairUntrusted", "Adopt", "serves a certificate that not every caBundle verifies, since the old one expires")
	case seen.adopted:
		logger.Info("Serving pair adopted")
		s.event(seen, false, "ServingPairAdopted", "Adopt", "serves the certificate "+seen.pair.Certificate.Leaf.SerialNumber.Text(16))
	case !changed:
	case seen.refused != nil && seen.refused.reason == refusedMissing:
		logger.Info("Secret of the serving pair does not exist")
		s.options.Metrics.pairRefused(refusedMissing)
		s.event(seen, true, "ServingPairMissing", "Adopt", seen.refused.Error())
	case seen.refused != nil:
		logger.Error(seen.refused, "Serving pair refused, keeping the last good one", "reason", seen.refused.reason)
		s.options.Metrics.pairRefused(seen.refused.reason)
		s.event(seen, true, "ServingPairRefused", "Adopt", "keeps the last good pair: "+seen.refused.Error())
	case seen.waiting != "":
		logger.Info("Serving pair waits, the old one is served meanwhile", "because", seen.waiting)
	}
	if changed && seen.foreign != nil {
		logger.Info("CA of the serving pair is not published", "because", seen.foreign.Error())
	}
}

// untrusted returns why the served pair is not trusted; nil if it is, or nothing
// is served.
func (s *SecretSource) untrusted(seen *view) error {
	serving := s.pair.Load()
	if serving == nil {
		return nil
	}
	_, err := s.trust.trustedSince(serving, seen.now)
	return err
}

// trouble returns what is wrong or waited for, for people.
func (s *SecretSource) trouble(seen *view) []string {
	var lines []string
	add := func(format string, values ...any) { lines = append(lines, fmt.Sprintf(format, values...)) }
	if serving := s.pair.Load(); serving != nil {
		if err := checkDates(serving.Certificate.Leaf, seen.now); err != nil {
			add("what is served: %v", err)
		} else if err := s.untrusted(seen); err != nil {
			add("what is served is not trusted: %v", err)
		}
		if seen.refused != nil {
			add("a new serving pair is refused: %v", seen.refused)
		}
	}
	if seen.waiting != "" {
		add("a new serving pair waits: %s", seen.waiting)
	}
	if seen.foreign != nil {
		add("the CA of the serving pair is not published: %v", seen.foreign)
	}
	if seen.certificate == nil {
		return lines
	}
	if ready := Condition(seen.certificate, cmapi.CertificateConditionReady); ready == nil || ready.Status != cmmeta.ConditionTrue {
		add("Certificate %q is not Ready%s", seen.certificate.Name, because(ready))
	}
	if issuing := Condition(seen.certificate, cmapi.CertificateConditionIssuing); issuing != nil && issuing.Status == cmmeta.ConditionFalse {
		add("cert-manager could not issue Certificate %q%s", seen.certificate.Name, because(issuing))
	}
	if renewal := seen.certificate.Status.RenewalTime; renewal != nil && seen.now.After(renewal.Add(overdue)) {
		add("Certificate %q should have been renewed at %s", seen.certificate.Name, renewal.UTC().Format(time.RFC3339))
	}
	return lines
}

// overdue is how long after its time a renewal is missed.
const overdue = 10 * time.Minute

// event is what an Event says.
type event struct{ kind, reason, action, note string }

// event writes an Event on the Certificate. While that is not known the last one
// waits.
func (s *SecretSource) event(seen *view, warning bool, reason, action, note string) {
	const most = 1000 // bytes of a note that the API server takes: 1 kB
	e := event{corev1.EventTypeNormal, reason, action, strings.ToValidUTF8(note[:min(len(note), most)], "")}
	if warning {
		e.kind = corev1.EventTypeWarning
	}
	s.untold = &e
	s.tellEvent(seen)
}

// tellEvent writes the Event that waits, if there is one and the Certificate is
// known.
func (s *SecretSource) tellEvent(seen *view) {
	if e := s.untold; e != nil && seen.certificate != nil && s.options.Recorder != nil {
		s.untold = nil
		s.options.Recorder.Eventf(seen.certificate, nil, e.kind, e.reason, e.action, "%s", e.note)
	}
}
