package cluster_test

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// pauseTime is how long something is away that is taken away and given back.
const pauseTime = 2 * time.Second

// times does something several times, one after the other.
func times(n int, do func(context.Context, *fleet) error) func(context.Context, *fleet) error {
	return func(ctx context.Context, r *fleet) error {
		for range n {
			if err := do(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}
}

func renewLeaf(ctx context.Context, r *fleet) error {
	return r.adopt(ctx, func(ctx context.Context) error { return renew(ctx, rotationRelease+"-tls") })
}

// renewCAsThenLeaf: a new CA does not reissue what the old one signed, so the
// leaf changes with the last step only.
func renewCAsThenLeaf(ctx context.Context, r *fleet) error {
	for range 2 {
		if err := r.renewCA(ctx, rotationRelease+"-ca"); err != nil {
			return err
		}
	}
	return renewLeaf(ctx, r)
}

// deleteSecret has cert-manager make the Secret anew.
func deleteSecret(ctx context.Context, r *fleet) error {
	return r.adopt(ctx, func(ctx context.Context) error {
		return shared.Client.CoreV1().Secrets(rotationRelease).Delete(ctx, rotationRelease+"-tls", metav1.DeleteOptions{})
	})
}

// otherIssuer is a CA beside the chart's.
const otherIssuer = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: other-ca}
spec:
  isCA: true
  commonName: other-ca
  secretName: other-ca
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  issuerRef: {group: cert-manager.io, kind: Issuer, name: rotation-selfsigned}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: other-ca}
spec: {ca: {secretName: other-ca}}
`

// replaceIssuer has the serving certificate issued under another CA, and then
// under the chart's again.
func replaceIssuer(ctx context.Context, r *fleet) error {
	if _, _, err := shared.Kubectl(ctx, otherIssuer, "apply", "-n", rotationRelease, "-f", "-"); err != nil {
		return err
	}
	if err := waitUntilIssued(ctx, "other-ca"); err != nil {
		return err
	}
	for _, issuer := range []string{"other-ca", rotationRelease + "-ca"} {
		err := r.adopt(ctx, func(ctx context.Context) error {
			if err := waitUntilIssued(ctx, rotationRelease+"-tls"); err != nil {
				return err
			}
			patch := fmt.Sprintf(`{"spec":{"issuerRef":{"name":%q}}}`, issuer)
			_, err := certificates().Patch(ctx, rotationRelease+"-tls", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			return err
		})
		if err != nil {
			return fmt.Errorf("replace the issuer by %q: %w", issuer, err)
		}
	}
	return nil
}

// recreateCertificate deletes the Certificate, which leaves its Secret, and
// creates it again.
func recreateCertificate(ctx context.Context, r *fleet) error {
	const name = rotationRelease + "-tls"
	if err := waitUntilIssued(ctx, name); err != nil {
		return err
	}
	object, err := certificates().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := certificates().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	object.SetResourceVersion("")
	object.SetUID("")
	object.SetManagedFields(nil)
	unstructured.RemoveNestedField(object.Object, "status")
	time.Sleep(pauseTime)
	if _, err := certificates().Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	return renewLeaf(ctx, r)
}

// stopCertManager has a renewal fall due while cert-manager is away, and then has
// cert-manager go away while it renews.
func stopCertManager(ctx context.Context, r *fleet) error {
	const name = rotationRelease + "-tls"
	for _, steps := range [][]func(context.Context) error{
		{stopIssuing, func(ctx context.Context) error { return setIssuing(ctx, name) }},
		{func(ctx context.Context) error { return setIssuing(ctx, name) }, stopIssuing},
	} {
		err := r.adopt(ctx, func(ctx context.Context) error {
			if err := waitUntilIssued(ctx, name); err != nil {
				return err
			}
			for _, step := range steps {
				if err := step(ctx); err != nil {
					return err
				}
			}
			time.Sleep(pauseTime)
			return shared.StartCertManager(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func stopIssuing(context.Context) error { return shared.StopCertManager() }

// restartReplicas ends each replica as a node does, by SIGTERM, and starts it
// again before the next.
func restartReplicas(ctx context.Context, r *fleet) error {
	for _, replica := range r.replicas {
		if err := replica.injector.Stop(); err != nil {
			return err
		}
		if r.balancer.Ready(replica.name) {
			return fmt.Errorf("the balancer still sends connections to %s, which has ended", replica.name)
		}
		if err := r.startReplica(ctx, replica); err != nil {
			return err
		}
		if err := r.waitForHandshakes(ctx, replica, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// waitForHandshakes waits until the API server has shaken hands with a replica.
func (r *fleet) waitForHandshakes(ctx context.Context, replica *fleetReplica, begin time.Time) error {
	return cluster.Eventually(ctx, adoptTimeout, func(context.Context) error {
		count := 0
		for _, n := range r.handshakesUnder(replica, begin) {
			count += n
		}
		if count < minimalHandshakes {
			return fmt.Errorf("the API server has shaken hands with %s %d times, want %d", replica.name, count, minimalHandshakes)
		}
		return nil
	})
}
