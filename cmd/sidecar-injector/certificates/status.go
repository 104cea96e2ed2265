package certificates

import (
	"context"
	"time"
)

// Status is what is known of an injector's certificates. As JSON and YAML its
// fields keep their names and meaning; more may come.
type Status struct {
	// Namespace and Name are the injector's.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Time is when it was looked at; all verifying is as of then.
	Time time.Time `json:"time"`
	// OK says that nothing is wrong: Problems is empty.
	OK bool `json:"ok"`
	// Problems are sentences for people, one for each thing that is wrong. Never
	// null.
	Problems []string `json:"problems"`
	// Certificate is cert-manager's. Null: it does not exist.
	Certificate *CertificateStatus `json:"certificate"`
	// Secret holds the serving pair. Null: it does not exist.
	Secret *SecretStatus `json:"secret"`
	// Webhooks is the MutatingWebhookConfiguration. Null: it does not exist.
	Webhooks *WebhooksStatus `json:"webhooks"`
	// Replicas are those that serve the webhook, by name. Never null.
	Replicas []ReplicaStatus `json:"replicas"`
}

// CertificateStatus is a Certificate of cert-manager.
type CertificateStatus struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Ready is the status of the condition Ready, Reason and Message are its own.
	Ready   bool   `json:"ready"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Issuing says that cert-manager is at work on it.
	Issuing bool `json:"issuing"`
	// Issuer is who signs it.
	Issuer IssuerStatus `json:"issuer"`
	// Renewal is when cert-manager renews it. Null: not known.
	Renewal *time.Time `json:"renewal,omitempty"`
	// Failures is how often in a row issuing it failed, LastFailure when it did
	// last.
	Failures    int        `json:"failures"`
	LastFailure *time.Time `json:"lastFailure,omitempty"`
}

// IssuerStatus names an issuer.
type IssuerStatus struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// SecretStatus is the Secret with the serving pair.
type SecretStatus struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Error says why the Secret holds no serving pair that can be used now. Empty:
	// it does.
	Error string `json:"error,omitempty"`
	// Chain is tls.crt, the leaf first, and CA is ca.crt. Never null.
	Chain []X509 `json:"chain"`
	CA    []X509 `json:"ca"`
}

// X509 is one certificate.
type X509 struct {
	Subject string `json:"subject"`
	// Serial is the serial number, in hexadecimal.
	Serial string `json:"serial"`
	// Fingerprint is the SHA-256 of the certificate, in hexadecimal.
	Fingerprint string    `json:"fingerprint"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	// SubjectAltNames are DNS names, then IP addresses.
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
}

// WebhooksStatus is the MutatingWebhookConfiguration.
type WebhooksStatus struct {
	Name string `json:"name"`
	// Owner keeps the caBundles right: one of the Owner constants.
	Owner Owner `json:"owner"`
	// Source is what cert-manager's cainjector takes the caBundle from, as the
	// annotation says. Empty with other owners.
	Source string `json:"source,omitempty"`
	// Entries are the webhooks, in their order. Never null.
	Entries []EntryStatus `json:"entries"`
}

// Owner is who keeps the caBundles right.
type Owner string

const (
	// OwnerInjector says that the injector has said until when it keeps their CAs.
	OwnerInjector Owner = "injector"
	// OwnerCAInjector says that cert-manager's cainjector was asked to, by annotation.
	OwnerCAInjector Owner = "cainjector"
	// OwnerUnknown is where nothing says who does.
	OwnerUnknown Owner = "unknown"
)

// EntryStatus is one webhook of the configuration.
type EntryStatus struct {
	Name string `json:"name"`
	// Host is the name that API servers expect in the leaf: the Service's, or
	// that in the URL.
	Host string `json:"host"`
	// Trusted says that caBundle verifies the Secret's leaf for Host; if not,
	// Error says why.
	Trusted bool   `json:"trusted"`
	Error   string `json:"error,omitempty"`
	// CAs are in caBundle. Never null.
	CAs []CAStatus `json:"cas"`
}

// CAStatus is a certificate in a caBundle.
type CAStatus struct {
	X509 `json:",inline"`
	// KeepUntil is until when the injector keeps it there. Null: it did not say.
	KeepUntil *time.Time `json:"keepUntil,omitempty"`
}

// ReplicaStatus is what one replica serves.
type ReplicaStatus struct {
	// Name is that of the pod, or the address that was given.
	Name string `json:"name"`
	// Ready says whether the Service sends it requests. Null: not known.
	Ready *bool `json:"ready,omitempty"`
	// Error says why it could not be looked at; the fields below are then empty.
	Error string `json:"error,omitempty"`
	// Leaf is what it serves.
	Leaf *X509 `json:"leaf,omitempty"`
	// FromSecret says that its leaf is the Secret's.
	FromSecret bool `json:"fromSecret"`
	// Trusted says that every entry's caBundle verifies what it serves; Untrusted
	// has, by the entry's name, why one does not.
	Trusted   bool              `json:"trusted"`
	Untrusted map[string]string `json:"untrusted,omitempty"`
}

// Status looks at everything once. What is wrong with the certificates is in it;
// the error is that the cluster could not be asked, or that nothing of the
// injector is there.
func (i *Injector) Status(ctx context.Context) (*Status, error) {
	found, err := i.read(ctx)
	if err != nil {
		return nil, err
	}
	replicas, problem, err := i.replicas(ctx, found.configuration)
	if err != nil {
		return nil, err
	}
	looks := i.lookAll(ctx, replicas, found.configuration)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	status := judge(i.options.Name, i.pairName(), found, looks, i.now())
	if problem != "" {
		status.wrong("%s", problem)
	}
	return status, nil
}
