package certs

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Trust knows the CAs that are to stand in caBundle.
type Trust interface {
	// CAs returns them, of the pair that is served and of one that is to be served
	// soon; none while nothing is known. It never blocks, may be called
	// concurrently, and the result must not be changed.
	CAs() []CA
}

// CA is the certificates that verify one serving pair.
type CA struct {
	// PEM holds one or more certificates.
	PEM []byte
	// KeepUntil is when the last serving pair under them expires, as far as it is
	// known.
	KeepUntil time.Time
}

// caOf returns the CA of a pair that is known.
func caOf(pair *Pair) CA {
	return CA{PEM: pair.CA, KeepUntil: pair.End}
}

func (ca CA) equal(other CA) bool {
	return bytes.Equal(ca.PEM, other.PEM) && ca.KeepUntil.Equal(other.KeepUntil)
}

// trustLog remembers what stood in the caBundles of a webhook configuration, and
// since when. Its zero value knows nothing yet. It must not be used concurrently.
type trustLog struct {
	states []trustState // the oldest first
}

// trustState is the entries of the configuration since a time.
type trustState struct {
	since   time.Time
	entries []trustEntry
}

// trustEntry is one webhook of the configuration.
type trustEntry struct {
	name   string
	host   string // that API servers ask for
	bundle string
	// service is zero where the webhook is reached by its URL.
	service types.NamespacedName
}

// observe notes what the configuration holds now; nil is one that does not exist.
// States that ended longer than keep ago are forgotten.
func (l *trustLog) observe(configuration *admissionv1.MutatingWebhookConfiguration, now time.Time, keep time.Duration) {
	state := trustState{since: now, entries: entriesOf(configuration)}
	switch last := len(l.states) - 1; {
	case last < 0:
		// It may stand there for long: what somebody wrote since then is on record.
		state.since = earlier(now, writtenAt(configuration, now))
		l.states = []trustState{state}
	case !slices.Equal(l.states[last].entries, state.entries):
		l.states = append(l.states, state)
	}
	for len(l.states) > 1 && l.states[1].since.Before(now.Add(-keep)) {
		l.states = l.states[1:]
	}
}

// entries returns those of now.
func (l *trustLog) entries() []trustEntry {
	if len(l.states) == 0 {
		return nil
	}
	return l.states[len(l.states)-1].entries
}

// trustedSince returns since when every entry verifies the pair without a break,
// but no earlier than the pair's own begin. The error says which entry does not,
// or that nothing is known.
func (l *trustLog) trustedSince(pair *Pair, now time.Time) (time.Time, error) {
	if len(l.states) == 0 {
		return time.Time{}, errors.New("the webhook configuration was not read yet")
	}
	var since time.Time
	for _, state := range slices.Backward(l.states) {
		for _, entry := range state.entries {
			if err := entry.verifies(pair, now); err != nil {
				if since.IsZero() {
					return since, err
				}
				return since, nil
			}
		}
		since = state.since
		if begin := pair.Certificate.Leaf.NotBefore; since.Before(begin) {
			return begin, nil
		}
	}
	return since, nil
}

// entriesOf returns the entries by name.
func entriesOf(configuration *admissionv1.MutatingWebhookConfiguration) []trustEntry {
	if configuration == nil {
		return nil
	}
	var entries []trustEntry
	for i := range configuration.Webhooks {
		webhook := &configuration.Webhooks[i]
		entry := trustEntry{
			name:   webhook.Name,
			host:   HostOf(&webhook.ClientConfig),
			bundle: string(webhook.ClientConfig.CABundle),
		}
		if service := webhook.ClientConfig.Service; service != nil {
			entry.service = types.NamespacedName{Namespace: service.Namespace, Name: service.Name}
		}
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b trustEntry) int { return strings.Compare(a.name, b.name) })
	return entries
}

// HostOf returns the name that API servers verify a webhook's certificate for.
// Empty: there is none.
func HostOf(client *admissionv1.WebhookClientConfig) string {
	switch {
	case client.Service != nil:
		return client.Service.Name + "." + client.Service.Namespace + ".svc"
	case client.URL != nil:
		if parsed, err := url.Parse(*client.URL); err == nil {
			return parsed.Hostname()
		}
	}
	return ""
}

// verifies reports why API servers that read this entry refuse the pair.
func (e *trustEntry) verifies(pair *Pair, now time.Time) error {
	if e.bundle == "" {
		return fmt.Errorf("webhook %q has no caBundle", e.name)
	}
	if err := VerifyBundle(pair.chain, []byte(e.bundle), e.host, now); err != nil {
		return fmt.Errorf("the caBundle of webhook %q does not verify it: %w", e.name, err)
	}
	return nil
}

// AnnotationBundleWritten of a webhook configuration is when a [Publisher] last
// wrote caBundle, in RFC 3339: it leaves no trace in managedFields.
const AnnotationBundleWritten = "sidecar-injector.github.io/ca-bundle-written"

// writtenAt returns when caBundle was last written, as far as that is on record; now
// if the configuration does not exist. A time that is younger than the last write
// does no harm, one that is older would: so the end of the second that is on
// record is taken.
func writtenAt(configuration *admissionv1.MutatingWebhookConfiguration, now time.Time) time.Time {
	if configuration == nil {
		return now
	}
	latest := configuration.CreationTimestamp.Time
	for _, entry := range configuration.ManagedFields {
		writes := entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"f:caBundle"`)
		if writes && entry.Time != nil && entry.Time.After(latest) {
			latest = entry.Time.Time
		}
	}
	if written, err := time.Parse(time.RFC3339, configuration.Annotations[AnnotationBundleWritten]); err == nil && written.After(latest) {
		latest = written
	}
	if latest.IsZero() {
		return now
	}
	return latest.Add(recordedTo)
}

// recordedTo is how exact times of objects are: they are cut to seconds.
const recordedTo = time.Second
