package certs

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
	"time"
)

// AnnotationKeepUntilPrefix begins the annotations beside a trust bundle that say
// how long a CA has to stay in it: behind it stands the [Fingerprint] of the CA, and
// the value is the time, in RFC 3339, at which the last serving pair under it
// expires. A replica cannot know what others serve, so all of them keep a CA until
// then.
const AnnotationKeepUntilPrefix = "ca-keep-until.sidecar-injector.github.io/"

// Fingerprint returns the first 16 bytes of the certificate's SHA-256, in
// hexadecimal: as much as the key of an annotation has room for.
func Fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:16])
}

// ParseBundle returns the certificates in a caBundle, in their order. What is no
// certificate is left out, as API servers do.
func ParseBundle(bundle []byte) []*x509.Certificate {
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			certificates = append(certificates, certificate)
		}
	}
	return certificates
}

// KeepUntil returns until when, by the annotations beside a trust bundle, the CA
// shall stay in it; the zero time if nothing is said of it.
func KeepUntil(annotations map[string]string, ca *x509.Certificate) time.Time {
	until, err := time.Parse(time.RFC3339, annotations[AnnotationKeepUntilPrefix+Fingerprint(ca)])
	if err != nil {
		return time.Time{}
	}
	return until
}

// keepGrace is how long a CA stays after its time: the clocks of replicas differ,
// and one must not add what another removes.
const keepGrace = 5 * time.Minute

// held is what an object holds of a trust bundle.
type held struct {
	// bundles are in PEM, by the name of the place where each stands.
	bundles     map[string][]byte
	annotations map[string]string
}

// bundle is what shall stand in every place.
type bundle struct {
	pem []byte
	// annotations are those of AnnotationKeepUntilPrefix, by their keys.
	annotations map[string]string
	// vouched: somebody wants a CA. Otherwise it cannot be told whether what stands
	// in a place is right, but only that nothing is wrong.
	vouched bool
	// ends is when the first of its certificates has to go; zero: never.
	ends time.Time
}

// union returns what shall stand in every place: the CAs that are wanted, and those
// that stand there and are to be kept. What has expired goes, and so does what
// nobody vouches for. Whoever computes it of the same comes to the same bytes.
func (h *held) union(wanted []CA, now time.Time) bundle {
	type kept struct {
		certificate *x509.Certificate
		until       time.Time
	}
	all := map[string]kept{}
	keep := func(certificate *x509.Certificate, until time.Time) {
		key := Fingerprint(certificate)
		// The annotation has seconds.
		until = earlier(until, certificate.NotAfter).UTC().Truncate(time.Second)
		if until.Add(keepGrace).After(now) && until.After(all[key].until) {
			all[key] = kept{certificate, until}
		}
	}
	for _, text := range h.bundles {
		for _, certificate := range ParseBundle(text) {
			keep(certificate, KeepUntil(h.annotations, certificate))
		}
	}
	for _, ca := range wanted {
		for _, certificate := range ParseBundle(ca.PEM) {
			// An annotation of a replica that knows a later pair counts too.
			keep(certificate, KeepUntil(h.annotations, certificate))
			keep(certificate, ca.KeepUntil)
		}
	}

	sorted := make([]kept, 0, len(all))
	for _, k := range all {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, func(a, b kept) int {
		return cmp.Or(a.certificate.NotBefore.Compare(b.certificate.NotBefore), bytes.Compare(a.certificate.Raw, b.certificate.Raw))
	})
	result := bundle{annotations: map[string]string{}, vouched: len(wanted) > 0}
	for _, k := range sorted {
		result.pem = append(result.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.certificate.Raw})...)
		result.annotations[AnnotationKeepUntilPrefix+Fingerprint(k.certificate)] = k.until.Format(time.RFC3339)
		if end := k.until.Add(keepGrace); result.ends.IsZero() || end.Before(result.ends) {
			result.ends = end
		}
	}
	return result
}

// differing returns the names of the places where something wrong stands, sorted.
func (h *held) differing(wanted *bundle) []string {
	var names []string
	for name, text := range h.bundles {
		if !bytes.Equal(text, wanted.pem) && (wanted.vouched || len(text) == 0) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// annotationChanges returns what has to change in the annotations for the bundle: a
// nil value is one to remove. A time that another replica wrote for a CA that is
// not in the bundle stays until it has passed: that replica is about to add it.
func (h *held) annotationChanges(b *bundle, now time.Time) map[string]any {
	changes := map[string]any{}
	for key, value := range b.annotations {
		if h.annotations[key] != value {
			changes[key] = value
		}
	}
	for key, value := range h.annotations {
		if _, wanted := b.annotations[key]; wanted || !strings.HasPrefix(key, AnnotationKeepUntilPrefix) {
			continue
		}
		if until, err := time.Parse(time.RFC3339, value); err != nil || !until.Add(keepGrace).After(now) {
			changes[key] = nil
		}
	}
	return changes
}
