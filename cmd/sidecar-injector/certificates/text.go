package certificates

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
)

// Text returns the status for people: lines of at most 80 columns, but for single
// words that are longer.
func (s *Status) Text() string {
	p := &page{now: s.Time}
	s.textSummary(p)
	s.textCertificate(p)
	s.textSecret(p)
	s.textWebhooks(p)
	s.textReplicas(p)
	return p.out.String()
}

func (s *Status) textSummary(p *page) {
	verdict := "all is well"
	if !s.OK {
		verdict = counted(len(s.Problems), "problem")
	}
	p.line(0, "%s in namespace %s: %s", s.Name, s.Namespace, verdict)
	for _, problem := range s.Problems {
		p.item(2, "- ", problem)
	}
}

func (s *Status) textCertificate(p *page) {
	c := s.Certificate
	if c == nil {
		return
	}
	p.heading("Certificate %s", c.Name)
	ready := "yes"
	if !c.Ready {
		ready = "no" + prefixed(": ", c.Message)
	}
	if c.Issuing {
		ready += ", being issued"
	}
	p.item(2, "ready    ", ready)
	p.item(2, "issuer   ", c.Issuer.Kind+" "+c.Issuer.Name)
	renewal := "not known"
	if c.Renewal != nil {
		renewal = p.when(*c.Renewal)
	}
	p.item(2, "renewal  ", renewal)
	failures := "none"
	if c.Failures > 0 {
		failures = fmt.Sprintf("%d in a row", c.Failures)
		if c.LastFailure != nil {
			failures += ", the last " + p.when(*c.LastFailure)
		}
	}
	p.item(2, "failures ", failures)
}

func (s *Status) textSecret(p *page) {
	if s.Secret == nil {
		return
	}
	p.heading("Secret %s", s.Secret.Name)
	if s.Secret.Error != "" {
		p.item(2, "UNUSABLE ", s.Secret.Error)
	}
	for i, certificate := range s.Secret.Chain {
		role := "chain"
		if i == 0 {
			role = "leaf"
		}
		p.certificate(role, &certificate)
	}
	for _, certificate := range s.Secret.CA {
		p.certificate("ca", &certificate)
	}
}

func (s *Status) textWebhooks(p *page) {
	w := s.Webhooks
	if w == nil {
		return
	}
	keeper := map[Owner]string{
		OwnerInjector:   "kept by the injector",
		OwnerCAInjector: "kept by cert-manager's cainjector",
		OwnerUnknown:    "kept by nobody that is known",
	}[w.Owner]
	p.heading("MutatingWebhookConfiguration %s", w.Name)
	p.item(2, "caBundle ", keeper+prefixed(", ", w.Source))
	for i, entry := range w.Entries {
		p.line(2, "%s", entry.Name)
		p.item(4, "host     ", cmp.Or(entry.Host, "none"))
		leaf := "trusted"
		if !entry.Trusted {
			leaf = "NOT TRUSTED: " + entry.Error
		}
		p.item(4, "leaf     ", leaf)
		if i > 0 && len(entry.CAs) > 0 && reflect.DeepEqual(entry.CAs, w.Entries[i-1].CAs) {
			p.item(4, "CAs      ", "as above")
			continue
		}
		for _, ca := range entry.CAs {
			p.item(4, "CA       ", cmp.Or(ca.Subject, "no subject"))
			p.item(6, "SHA-256  ", ca.Fingerprint)
			p.item(6, "valid to ", p.when(ca.NotAfter))
			if ca.KeepUntil != nil {
				p.item(6, "kept to  ", p.when(*ca.KeepUntil))
			}
		}
	}
}

func (s *Status) textReplicas(p *page) {
	if len(s.Replicas) == 0 {
		return
	}
	p.heading("Replicas")
	for _, replica := range s.Replicas {
		title := replica.Name
		if replica.Ready != nil && !*replica.Ready {
			title += " (not ready)"
		}
		p.line(2, "%s", title)
		if replica.Leaf == nil {
			p.item(4, "serves   ", "NOT KNOWN: "+replica.Error)
			continue
		}
		serves := "another leaf than the Secret's"
		if replica.FromSecret {
			serves = "the Secret's leaf"
		}
		p.item(4, "serves   ", serves)
		p.item(4, "SHA-256  ", replica.Leaf.Fingerprint)
		if !replica.FromSecret {
			p.item(4, "valid    ", p.validity(replica.Leaf))
		}
		if replica.Trusted {
			p.item(4, "trusted  ", "by every entry")
		}
		for _, entry := range slices.Sorted(maps.Keys(replica.Untrusted)) {
			p.item(4, "NOT TRUSTED by ", entry+": "+replica.Untrusted[entry])
		}
	}
}

// page is a text that is written line by line.
type page struct {
	out strings.Builder
	now time.Time
}

const pageWidth = 80

func (p *page) heading(format string, args ...any) {
	p.out.WriteByte('\n')
	p.line(0, format, args...)
}

func (p *page) line(indent int, format string, args ...any) {
	p.item(indent, "", fmt.Sprintf(format, args...))
}

// item writes a label and then the text, whose further lines begin below its
// first.
func (p *page) item(indent int, label, text string) {
	start := strings.Repeat(" ", indent) + label
	line, empty := start, true
	for _, word := range strings.Fields(text) {
		switch {
		case empty:
			line += word
		case len(line)+1+len(word) > pageWidth:
			p.out.WriteString(line + "\n")
			line = strings.Repeat(" ", len(start)) + word
		default:
			line += " " + word
		}
		empty = false
	}
	p.out.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (p *page) certificate(role string, certificate *X509) {
	p.item(2, fmt.Sprintf("%-6s", role), cmp.Or(certificate.Subject, "no subject"))
	p.item(4, "serial   ", certificate.Serial)
	p.item(4, "SHA-256  ", certificate.Fingerprint)
	p.item(4, "valid    ", p.validity(certificate))
	if len(certificate.SubjectAltNames) > 0 {
		p.item(4, "names    ", strings.Join(certificate.SubjectAltNames, ", "))
	}
}

func (p *page) validity(certificate *X509) string {
	return p.when(certificate.NotBefore) + " to " + p.when(certificate.NotAfter)
}

// when is a time and how long that is from now.
func (p *page) when(t time.Time) string {
	distance := "in " + duration.HumanDuration(t.Sub(p.now))
	if t.Before(p.now) {
		distance = duration.HumanDuration(p.now.Sub(t)) + " ago"
	}
	return fmt.Sprintf("%s (%s)", t.UTC().Format("2006-01-02 15:04:05Z"), distance)
}

// counted is a number of things: one thing, two things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
