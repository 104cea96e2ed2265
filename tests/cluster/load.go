package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// quietTimeout is how long Quiet waits for pods that are being created: a
	// little longer than the webhook may take.
	quietTimeout = 6 * time.Second
	// sweepInterval is how often the created pods are deleted.
	sweepInterval = 3 * time.Second
	// createTimeout is longer than the webhook may take.
	createTimeout = 15 * time.Second
)

// LoadOptions says which pods a load creates.
type LoadOptions struct {
	// Clients is how many create pods at the same time. Required.
	Clients int
	// Interval is the time from one pod of a client to its next. Required.
	Interval time.Duration
	// Pod returns the nth pod, with its namespace and a name of its own. Required.
	Pod func(n int) *corev1.Pod
	// Check says what is wrong with a created pod. Required.
	Check func(*corev1.Pod) error
}

// Counts is what came of the pods of a load.
type Counts struct {
	// Created counts all that the API server accepted, Uninjected those among
	// them that Check finds wrong, Refused those that the API server answered
	// with an error, and Unanswered those that it did not answer.
	Created, Uninjected, Refused, Unanswered int
}

// Sub returns the difference to an earlier count.
func (c Counts) Sub(earlier Counts) Counts {
	return Counts{c.Created - earlier.Created, c.Uninjected - earlier.Uninjected, c.Refused - earlier.Refused, c.Unanswered - earlier.Unanswered}
}

// Failure is a pod that was refused, not injected or not answered.
type Failure struct {
	// Begin and End are when it was asked for and answered.
	Begin, End time.Time
	// Uninjected: it was created, and Check found Err.
	Uninjected bool
	Err        error
}

// Load creates pods all the time, and deletes them a few seconds later. Its
// methods may be called concurrently.
type Load struct {
	options LoadOptions
	client  kubernetes.Interface
	stop    context.CancelFunc
	running sync.WaitGroup
	gate    chan struct{} // one token for each client; who creates a pod holds one

	mu       sync.Mutex
	n        int
	counts   Counts
	failures []Failure
	spaces   map[string]struct{}
}

// StartLoad starts to create pods. The caller must Stop it.
func (c *Cluster) StartLoad(o LoadOptions) *Load {
	ctx, stop := context.WithCancel(context.Background())
	l := &Load{options: o, client: c.Client, stop: stop, gate: make(chan struct{}, o.Clients), spaces: map[string]struct{}{}}
	for i := range o.Clients {
		l.gate <- struct{}{}
		l.running.Go(func() {
			// Not all at the same moment.
			time.Sleep(o.Interval * time.Duration(i) / time.Duration(o.Clients))
			every(ctx, o.Interval, func() { l.Do(func() { l.create(ctx) }) })
		})
	}
	l.running.Go(func() { every(ctx, sweepInterval, func() { l.sweep(ctx) }) })
	return l
}

// Stop ends the creating, waits for that and deletes what was created.
func (l *Load) Stop() {
	l.stop()
	l.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
	defer cancel()
	l.sweep(ctx)
}

// Counts returns what came of the pods so far.
func (l *Load) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// Failures returns the pods that failed and were answered at that time or later.
func (l *Load) Failures(begin time.Time) []Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, failure := range l.failures {
		if !failure.End.Before(begin) {
			return append([]Failure{}, l.failures[i:]...)
		}
	}
	return nil
}

// Quiet calls do while no pod is being created. It waits for that longer than a
// webhook may take, and gives up then: who waits so long waits for the API server.
// There may be one call at a time.
func (l *Load) Quiet(do func()) {
	timeout := time.After(quietTimeout)
	held := 0
	for waiting := true; waiting && held < cap(l.gate); {
		select {
		case <-l.gate:
			held++
		case <-timeout:
			waiting = false
		}
	}
	if held == cap(l.gate) {
		do()
	}
	for range held {
		l.gate <- struct{}{}
	}
}

// Do calls do when it is a client's turn, in whose place: Quiet does not interrupt it.
func (l *Load) Do(do func()) {
	<-l.gate
	defer func() { l.gate <- struct{}{} }()
	do()
}

// create creates one pod and notes what came of it.
func (l *Load) create(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	l.n++
	n := l.n
	l.mu.Unlock()
	pod := l.options.Pod(n)
	begin := time.Now()
	// The end of the load does not interrupt a pod, which would count as lost.
	creating, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	stored, err := l.client.CoreV1().Pods(pod.Namespace).Create(creating, pod, metav1.CreateOptions{})
	end := time.Now()

	l.mu.Lock()
	defer l.mu.Unlock()
	l.spaces[pod.Namespace] = struct{}{}
	var answered apierrors.APIStatus
	uninjected := false
	switch {
	case err == nil:
		l.counts.Created++
		if err = l.options.Check(stored); err != nil {
			l.counts.Uninjected++
			uninjected = true
		}
	case errors.As(err, &answered):
		l.counts.Refused++
	default:
		l.counts.Unanswered++
	}
	if err != nil {
		l.failures = append(l.failures, Failure{Begin: begin, End: end, Uninjected: uninjected, Err: err})
	}
}

// sweep deletes all pods. What fails is deleted the next time.
func (l *Load) sweep(ctx context.Context) {
	l.mu.Lock()
	var namespaces []string
	for namespace := range l.spaces {
		namespaces = append(namespaces, namespace)
	}
	l.mu.Unlock()
	now := int64(0)
	for _, namespace := range namespaces {
		_ = l.client.CoreV1().Pods(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
	}
}
