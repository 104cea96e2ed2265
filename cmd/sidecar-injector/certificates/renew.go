package certificates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/certs"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// What cert-manager's Events say of who asked, and why.
const (
	renewReason  = "ManuallyTriggered"
	renewMessage = "Renewal was asked for by sidecar-injector certs renew"
)

// RenewOptions says what to renew and how long to wait.
type RenewOptions struct {
	// CA renews the CA first, and waits until it is issued.
	CA bool
	// Wait waits until every replica serves the new leaf and every caBundle
	// verifies it.
	Wait bool
	// Timeout is for all of it. Zero: as long as the context.
	Timeout time.Duration
	// Progress gets a line for each thing that is waited for. Nil: nobody does.
	Progress io.Writer
}

// Renew has cert-manager issue the serving Certificate again, whether it is due or
// not, and so again with a new key where the Certificate's rotationPolicy is
// Always. An error after the Timeout says what was still missing; what was asked
// for is not taken back.
func (i *Injector) Renew(ctx context.Context, o RenewOptions) error {
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("not done after %s", o.Timeout))
		defer cancel()
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Wait {
		if err := i.canSeeReplicas(ctx); err != nil {
			return err
		}
	}
	leaf, err := i.certificate(ctx, i.pairName())
	if err != nil {
		return err
	}
	var ca *issuance
	if o.CA {
		key, err := i.caOf(ctx, leaf)
		if err != nil {
			return err
		}
		if ca, err = i.ask(ctx, key, o.Progress); err != nil {
			return err
		}
		if err := waitFor(ctx, waitInterval, o.Progress, func() (unmet, error) { return i.notIssued(ctx, ca) }); err != nil {
			return err
		}
	}
	asked, err := i.ask(ctx, i.pairName(), o.Progress)
	if err != nil || !o.Wait {
		return err
	}
	return waitFor(ctx, waitInterval, o.Progress, func() (unmet, error) { return i.notServed(ctx, asked, ca, o.Progress) })
}

// canSeeReplicas reports that there is no way to tell what replicas serve: waiting
// for it would be in vain.
func (i *Injector) canSeeReplicas(ctx context.Context) error {
	found, err := i.read(ctx)
	if err != nil {
		return err
	}
	if found.configuration == nil {
		return fmt.Errorf("find the replicas: MutatingWebhookConfiguration %q does not exist", i.options.Name)
	}
	if len(i.options.Replicas) == 0 && len(servicesOf(found.configuration)) == 0 {
		return errors.New("find the replicas: the webhooks name no Service, --replica has to say where replicas serve")
	}
	return nil
}

// issuance is one that was asked for.
type issuance struct {
	certificate client.ObjectKey
	// before is the certificate that the Secret had then, in DER; nil: none.
	before []byte
}

// ask asks cert-manager to issue a Certificate again.
func (i *Injector) ask(ctx context.Context, key client.ObjectKey, progress io.Writer) (*issuance, error) {
	asked := &issuance{certificate: key}
	// cert-manager, or the injector, may write to it meanwhile.
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		certificate, err := i.certificate(ctx, key)
		if err != nil {
			return err
		}
		secret, err := i.secretOf(ctx, certificate)
		if err != nil {
			return err
		}
		if chain := certs.ParseBundle(secret.Data[corev1.TLSCertKey]); len(chain) > 0 {
			asked.before = chain[0].Raw
		}
		return certs.RequestIssuance(ctx, i.client, certificate, renewReason, renewMessage, i.now())
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "asked cert-manager to issue Certificate %s again\n", terminal.Text(name(key)))
	return asked, nil
}

// certificate reads a Certificate; that it does not exist is an error.
func (i *Injector) certificate(ctx context.Context, key client.ObjectKey) (*cmapi.Certificate, error) {
	certificate := &cmapi.Certificate{}
	ok, err := i.get(ctx, key, certificate)
	if err == nil && !ok {
		err = fmt.Errorf("read Certificate %q: it does not exist", name(key))
	}
	return certificate, err
}

// secretOf reads the Secret of a Certificate; an empty one if it does not exist.
func (i *Injector) secretOf(ctx context.Context, certificate *cmapi.Certificate) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	_, err := i.get(ctx, client.ObjectKey{Namespace: certificate.Namespace, Name: certificate.Spec.SecretName}, secret)
	return secret, err
}
