package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// servedNow returns the serial numbers that are served now, as a set.
func (r *fleet) servedNow() map[string]bool {
	served := map[string]bool{}
	for _, replica := range r.replicas {
		if serial, err := replica.watch.Now(); err == nil {
			served[serial] = true
		}
	}
	return served
}

// adopt does something after which another leaf is in the Secret, and waits until
// every replica serves it and the API server has shaken hands with each of them
// under it.
func (r *fleet) adopt(ctx context.Context, do func(context.Context) error) error {
	begin, old := time.Now(), r.servedNow()
	if err := do(ctx); err != nil {
		return err
	}
	var serial string
	err := cluster.Eventually(ctx, adoptTimeout, func(ctx context.Context) (err error) {
		if serial, err = r.secretSerial(ctx, rotationRelease+"-tls"); err != nil {
			return err
		}
		if old[serial] || r.forged[serial] {
			return errors.New("cert-manager has not put a new leaf into the Secret")
		}
		if served := slices.Collect(maps.Keys(r.servedNow())); !slices.Equal(served, []string{serial}) {
			return fmt.Errorf("the leaves %v are served, want only the new one, %s", served, serial)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for the adoption of a new leaf: %w", err)
	}
	r.adopted = append(r.adopted, time.Since(begin))
	for _, replica := range r.replicas {
		err := cluster.Eventually(ctx, adoptTimeout, func(context.Context) error {
			if n := r.handshakesUnder(replica, begin)[serial]; n < minimalHandshakes {
				return fmt.Errorf("the API server has shaken hands with %s %d times under the new leaf, want %d", replica.name, n, minimalHandshakes)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// handshakesUnder counts the API server's handshakes with a replica that ended
// well, by the leaf; those of which it cannot be told are under "".
func (r *fleet) handshakesUnder(replica *fleetReplica, begin time.Time) map[string]int {
	counts := map[string]int{}
	for _, connection := range r.balancer.Connections() {
		if connection.Replica == replica.name && connection.Trusted() && !connection.Opened.Before(begin) {
			counts[replica.watch.Under(connection)]++
		}
	}
	return counts
}

// handshakes counts those with all replicas: under the old leaves, under others,
// and those of which it cannot be told.
func (r *fleet) handshakes(begin time.Time, old map[string]bool) (under, other, untold int) {
	for _, replica := range r.replicas {
		for serial, count := range r.handshakesUnder(replica, begin) {
			switch {
			case serial == "":
				untold += count
			case old[serial]:
				under += count
			default:
				other += count
			}
		}
	}
	return under, other, untold
}
