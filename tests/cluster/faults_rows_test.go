package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// awayTime is how long something is away for.
const awayTime = 10 * time.Second

// killReplica ends a replica without a word and starts it again once that was noticed.
func killReplica(ctx context.Context, r *fleet) error {
	replica := r.replicas[0]
	r.faulty = time.Now()
	if err := replica.injector.Kill(); err != nil {
		return err
	}
	return r.restartReplica(ctx, replica)
}

// restartReplica starts a replica again that has ended, once the balancer sends it nothing more.
func (r *fleet) restartReplica(ctx context.Context, replica *fleetReplica) error {
	if err := r.waitUntilReady(ctx, replica, false); err != nil {
		return err
	}
	return r.startReplica(ctx, replica)
}

// freezeReplica: the balancer closes no connection meanwhile, since the moment at which nobody waits would not come.
func freezeReplica(ctx context.Context, r *fleet) error {
	r.keeps.Store(true)
	defer r.keeps.Store(false)
	replica := r.replicas[0]
	r.faulty = time.Now()
	if err := replica.injector.Freeze(); err != nil {
		return err
	}
	time.Sleep(awayTime + 2*time.Second)
	if r.balancer.Ready(replica.name) {
		return errors.New("the balancer still sends connections to the frozen replica")
	}
	if err := replica.injector.Thaw(); err != nil {
		return err
	}
	return r.waitUntilReady(ctx, replica, true)
}

// outOfMemory puts a replica into a memory cgroup in which next to nothing is left, and sends it what needs some.
func outOfMemory(ctx context.Context, r *fleet) error {
	root, limit := "/sys/fs/cgroup", "memory.max"
	if _, err := os.Stat(filepath.Join(root, "memory")); err == nil {
		root, limit = filepath.Join(root, "memory"), "memory.limit_in_bytes" // of version 1
	}
	group := filepath.Join(root, fmt.Sprintf("sidecar-injector-faults-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.Remove(group) }()
	if err := os.WriteFile(filepath.Join(group, limit), []byte("1M"), 0o644); err != nil {
		return err
	}
	replica := r.replicas[0]
	r.faulty = time.Now()
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(replica.injector.PID())), 0o644); err != nil {
		return err
	}
	for {
		select {
		case <-replica.injector.Ended():
			r.faulty = time.Now().Add(-time.Second) // it ended since the last look
			return r.restartReplica(ctx, replica)
		case <-ctx.Done():
			return errors.New("the replica was not killed")
		case <-time.After(100 * time.Millisecond):
			pod := newPod(askingNamespace, asks, func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "LARGE", Value: rand.String(1 << 20)}}
			})
			// Which replica it comes to, and whether that lives to answer it, is another thing.
			_, _ = shared.Client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
		}
	}
}

// cutOff keeps the API server from so many replicas, which go on to answer.
func cutOff(count int) func(context.Context, *fleet) error {
	return func(ctx context.Context, r *fleet) error {
		for _, replica := range r.replicas[:count] {
			replica.line.Cut()
			defer replica.line.Restore()
		}
		time.Sleep(awayTime)
		for _, replica := range r.replicas[:count] {
			if !r.balancer.Ready(replica.name) {
				return fmt.Errorf("%s is not ready while it is cut off", replica.name)
			}
			replica.line.Restore()
		}
		return r.followed(ctx)
	}
}

// compactWatch has the replicas come back to an API server that knows nothing of what they had seen last.
func compactWatch(ctx context.Context, r *fleet) error {
	for _, replica := range r.replicas {
		replica.line.Cut()
		defer replica.line.Restore()
	}
	if err := r.setImage(ctx, "while-cut-off"); err != nil {
		return err
	}
	if err := shared.CompactHistory(ctx); err != nil {
		return err
	}
	if err := restartAPIServer(ctx, r); err != nil {
		return err
	}
	for _, replica := range r.replicas {
		replica.line.Restore()
	}
	if err := r.injects(ctx, "while-cut-off"); err != nil {
		return err
	}
	return r.followed(ctx)
}

// fastClock runs a replica by a fast clock while the leaf is renewed.
func fastClock(ctx context.Context, r *fleet) error {
	replica := r.replicas[0]
	if err := skewClock(replica, time.Hour); err != nil {
		return err
	}
	return r.withOptions(ctx, replica, func() error { return renewLeaf(ctx, r) })
}

// slowClock starts a replica by a slow clock, by which the leaf is not valid yet: it says so and is not ready.
func slowClock(ctx context.Context, r *fleet) error {
	replica := r.replicas[0]
	if err := skewClock(replica, -time.Hour); err != nil {
		return err
	}
	replica.options.Unready = true
	return r.withOptions(ctx, replica, func() error {
		return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
			status, text, err := cluster.Readyz(ctx, replica.injector.Health, "")
			if err == nil && (status != http.StatusServiceUnavailable || !strings.Contains(text, "is not valid before")) {
				err = fmt.Errorf("/readyz says %d %q, want 503 and what is not valid before", status, text)
			}
			return err
		})
	})
}

// skewClock has a replica run by another clock from its next start on.
func skewClock(replica *fleetReplica, by time.Duration) error {
	program, err := os.Executable()
	replica.options.Program, replica.options.Shell = program, fmt.Sprintf(`%s=%s exec "$@"`, skewVariable, by)
	return err
}

// withOptions starts a replica again with its options, calls do, and starts it again without them.
func (r *fleet) withOptions(ctx context.Context, replica *fleetReplica, do func() error) error {
	if err := r.again(ctx, replica); err != nil {
		return err
	}
	err := do()
	replica.options = cluster.InjectorOptions{}
	return errors.Join(err, r.again(ctx, replica))
}

// again ends a replica as a node does, and starts it again.
func (r *fleet) again(ctx context.Context, replica *fleetReplica) error {
	if err := replica.injector.Stop(); err != nil {
		return err
	}
	return r.restartReplica(ctx, replica)
}

// loseNames has a replica know the API server by name, and then neither the hosts file nor a DNS server answer.
func loseNames(ctx context.Context, r *fleet) error {
	replica := r.replicas[0]
	_, port, _ := strings.Cut(replica.line.Address, ":")
	replica.options.Server = "localhost:" + port
	replica.options.Shell = `exec unshare --mount --propagation private "$@"`
	return r.withOptions(ctx, replica, func() error {
		inside := func(script string) error {
			command := exec.CommandContext(ctx, "nsenter", "--mount", "--target", strconv.Itoa(replica.injector.PID()), "sh", "-ec", script)
			if text, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", script, err, text)
			}
			return nil
		}
		if err := inside("for file in hosts resolv.conf; do mount --bind /dev/null /etc/$file; done"); err != nil {
			return err
		}
		replica.line.Cut()
		replica.line.Restore()
		time.Sleep(awayTime)
		if !r.balancer.Ready(replica.name) {
			return errors.New("the replica is not ready without DNS")
		}
		if err := inside("umount /etc/hosts /etc/resolv.conf"); err != nil {
			return err
		}
		return r.followed(ctx)
	})
}

// fillDisk has every line of a replica's log fail as on a full disk.
func fillDisk(ctx context.Context, r *fleet) error {
	replica := r.replicas[0]
	replica.options.Shell = `exec "$@" >/dev/full 2>&1`
	return r.withOptions(ctx, replica, func() error {
		if err := renewLeaf(ctx, r); err != nil {
			return err
		}
		return r.followed(ctx)
	})
}
