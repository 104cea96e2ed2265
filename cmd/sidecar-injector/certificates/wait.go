package certificates

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/certs"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// waitInterval is how often to look. What replicas serve tells nobody that it
// changed.
const waitInterval = time.Second

// unmet is what is still missing. The zero value: nothing is.
type unmet struct {
	// what is missing: the same text for the same thing.
	what string
	// why, for people; it may have times and ports in it.
	why string
}

func (l unmet) String() string { return l.what + prefixed(": ", l.why) }

// waitFor calls missing at that interval until nothing is, and writes down what it
// says whenever something else is missing. An error of missing counts as something
// that is: an API server may be away for a moment. The error is the end of ctx,
// with what was missing last.
func waitFor(ctx context.Context, interval time.Duration, progress io.Writer, missing func() (unmet, error)) error {
	var last unmet
	for {
		now, err := missing()
		if err != nil {
			now = unmet{"the cluster cannot be asked", err.Error()}
		}
		switch {
		case now == unmet{}:
			return nil
		case ctx.Err() != nil && last == unmet{}:
			return fmt.Errorf("wait: %w; missing is: %s", context.Cause(ctx), now)
		case ctx.Err() != nil:
			// What failed because time was up says less than what was missing.
			return fmt.Errorf("wait: %w; missing is: %s", context.Cause(ctx), last)
		case now.what != last.what:
			fmt.Fprintf(progress, "waiting: %s\n", terminal.Text(now.String()))
		}
		last = now
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

// notIssued says why an issuance is not done. Zero: it is.
func (i *Injector) notIssued(ctx context.Context, asked *issuance) (unmet, error) {
	certificate, err := i.certificate(ctx, asked.certificate)
	if err != nil {
		return unmet{}, err
	}
	secret, err := i.secretOf(ctx, certificate)
	if err != nil {
		return unmet{}, err
	}
	chain := certs.ParseBundle(secret.Data[corev1.TLSCertKey])
	missing := unmet{what: fmt.Sprintf("cert-manager has not issued Certificate %s yet", name(asked.certificate))}
	if len(chain) == 0 || bytes.Equal(chain[0].Raw, asked.before) || certs.Issuing(certificate) {
		if failed := certificate.Status.FailedIssuanceAttempts; failed != nil && *failed > 0 && !certs.Issuing(certificate) {
			missing.why = "it failed, and cert-manager tries again later"
		}
		return missing, nil
	}
	if err := certs.CheckIssued(secret, chain[0], certificate); err != nil {
		missing.why = err.Error()
		return missing, nil
	}
	return unmet{}, nil
}

// notServed says why the leaf that was asked for is not served and trusted
// everywhere. Zero: it is. A leaf that was signed by the CA before the one that
// was asked for is asked for again.
func (i *Injector) notServed(ctx context.Context, asked, ca *issuance, progress io.Writer) (unmet, error) {
	if missing, err := i.notIssued(ctx, asked); missing != (unmet{}) || err != nil {
		return missing, err
	}
	if ca != nil {
		old, err := i.signedBefore(ctx, asked, ca)
		if err != nil {
			return unmet{}, err
		}
		if old {
			again, err := i.ask(ctx, asked.certificate, progress)
			if err != nil {
				return unmet{}, err
			}
			*asked = *again
			return unmet{what: "the leaf was issued by the old CA, and is asked for again"}, nil
		}
	}
	status, err := i.Status(ctx)
	if err != nil {
		return unmet{}, err
	}
	return status.missing(), nil
}

// signedBefore reports whether the Secret holds a leaf of the CA that was before.
func (i *Injector) signedBefore(ctx context.Context, leaf, ca *issuance) (bool, error) {
	certificate, err := i.certificate(ctx, leaf.certificate)
	if err != nil {
		return false, err
	}
	secret, err := i.secretOf(ctx, certificate)
	if err != nil {
		return false, err
	}
	signer := certs.ParseBundle(secret.Data[cmmeta.TLSCAKey])
	return len(signer) > 0 && bytes.Equal(signer[0].Raw, ca.before), nil
}

// missing says what keeps the Secret's leaf from being trusted and served
// everywhere. Zero: nothing does.
func (s *Status) missing() unmet {
	if s.Secret == nil || s.Secret.Error != "" || s.Webhooks == nil {
		return unmet{"there is no pair to serve, or nobody who asks for it", strings.Join(s.Problems, "; ")}
	}
	var what, why []string
	for _, entry := range s.Webhooks.Entries {
		if !entry.Trusted {
			what = append(what, fmt.Sprintf("entry %s does not trust the new leaf yet", entry.Name))
			why = append(why, entry.Error)
		}
	}
	for _, replica := range s.Replicas {
		switch {
		case replica.Error != "":
			what = append(what, fmt.Sprintf("replica %s cannot be looked at", replica.Name))
			why = append(why, replica.Error)
		case !replica.FromSecret:
			what = append(what, fmt.Sprintf("replica %s does not serve the new leaf yet", replica.Name))
			why = append(why, "it does when every caBundle has verified it for serve's --trust-slack")
		}
	}
	if len(s.Replicas) == 0 {
		what = append(what, "there is no replica")
	}
	return unmet{strings.Join(what, ", "), strings.Join(slices.Compact(why), "; ")}
}
