package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/certificates"
)

const certificateHint = "sidecar-injector certs status shows all of it; docs/certificates.md says what to do"

// checkCertificates checks who serves, the certificate, and who trusts it.
func checkCertificates(ctx context.Context, report *Report, o AfterOptions) {
	status, err := o.Certificates(ctx)
	s := report.section(groupCertificate)
	if err != nil {
		s.unknown("certificate", err)
		return
	}
	judgeReplicas(report.section(groupInjector), status)
	judgeCertificate(s, status, o.Now())
	judgePair(s, status.Secret, o.Now())
	judgeTrust(s, status.Webhooks)
}

// judgeCertificate judges cert-manager's Certificate: is it issued, by whom, and when again?
func judgeCertificate(s section, status *certificates.Status, now time.Time) {
	c := status.Certificate
	if c == nil {
		s.add("certificate", Failed, certificateHint, "there is no Certificate %s/%s-tls", status.Namespace, status.Name)
		return
	}
	name, issuer := c.Namespace+"/"+c.Name, fmt.Sprintf("%s %q", c.Issuer.Kind, c.Issuer.Name)
	switch {
	case !c.Ready:
		s.add("certificate", Failed, certificateHint, "Certificate %s of %s is not Ready: %s", name, issuer, c.Message)
	case c.Failures > 0:
		s.add("certificate", Failed, certificateHint, "issuing Certificate %s by %s failed, %d times in a row", name, issuer, c.Failures)
	case c.Renewal == nil:
		s.ok("certificate", "Certificate %s is issued by %s", name, issuer)
	case c.Renewal.Before(now) && !c.Issuing:
		s.add("certificate", Warning, "cert-manager should have renewed it: see its log", "Certificate %s of %s was to be renewed %s ago", name, issuer, age(now.Sub(*c.Renewal)))
	default:
		s.ok("certificate", "Certificate %s is issued by %s, and renewed in %s", name, issuer, age(c.Renewal.Sub(now)))
	}
}

// judgePair judges the Secret: can its pair be served, and how long?
func judgePair(s section, secret *certificates.SecretStatus, now time.Time) {
	switch {
	case secret == nil:
		s.add("serving-pair", Failed, certificateHint, "there is no Secret with the serving pair")
	case secret.Error != "" || len(secret.Chain) == 0:
		s.add("serving-pair", Failed, certificateHint, "Secret %s/%s holds no pair that can be served: %s", secret.Namespace, secret.Name, secret.Error)
	default:
		leaf := secret.Chain[0]
		s.ok("serving-pair", "the one in Secret %s/%s is %s old, and ends in %s", secret.Namespace, secret.Name, age(now.Sub(leaf.NotBefore)), age(leaf.NotAfter.Sub(now)))
	}
}

// judgeTrust judges the caBundles.
func judgeTrust(s section, webhooks *certificates.WebhooksStatus) {
	if webhooks == nil {
		return // It is there, or nothing of this would be asked; somebody takes it away just now.
	}
	var untrusted []string
	for _, entry := range webhooks.Entries {
		if !entry.Trusted {
			untrusted = append(untrusted, fmt.Sprintf("%s: %s", entry.Name, entry.Error))
		}
	}
	if len(untrusted) > 0 {
		s.add("ca-bundle", Failed, certificateHint, "the caBundle of entries does not trust it: %s", strings.Join(untrusted, "; "))
		return
	}
	s.ok("ca-bundle", "the caBundles of all %d entries trust it", len(webhooks.Entries))
}

// judgeReplicas judges what stands behind the Service, and what it serves.
func judgeReplicas(s section, status *certificates.Status) {
	if len(status.Replicas) == 0 {
		why := "no replica serves"
		if len(status.Problems) > 0 {
			why = status.Problems[len(status.Problems)-1]
		}
		s.add("endpoints", Failed, "the Service needs endpoints: see kubectl get endpointslices -n "+status.Namespace, "%s", why)
		return
	}
	var ready int
	var unreached, untrusted []string
	for _, replica := range status.Replicas {
		if replica.Ready == nil || *replica.Ready {
			ready++
		}
		switch {
		case replica.Error != "":
			unreached = append(unreached, fmt.Sprintf("%s: %s", replica.Name, replica.Error))
		case !replica.Trusted:
			untrusted = append(untrusted, replica.Name)
		}
	}
	if ready == 0 {
		s.add("endpoints", Failed, "see the logs of its pods in namespace "+status.Namespace, "none of %s is ready", counted(len(status.Replicas), "endpoint"))
	} else {
		s.ok("endpoints", "%d of %d are ready", ready, len(status.Replicas))
	}
	switch {
	case len(untrusted) > 0:
		s.add("served", Failed, certificateHint, "what these serve is not trusted by every entry: %s", strings.Join(untrusted, ", "))
	case len(unreached) > 0:
		s.add("served", Warning, "this takes the right to create pods/portforward; --replica names addresses instead", "what is served cannot be looked at: %s", strings.Join(unreached, "; "))
	default:
		s.ok("served", "every entry trusts what they serve")
	}
}
