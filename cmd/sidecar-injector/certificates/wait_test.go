package certificates

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWaitFor(t *testing.T) {
	outage := errors.New("connection refused")
	cases := map[string]struct {
		says     []string // what is missing, one time after the other; "!" is the outage
		progress string
		err      string
	}{
		"done at once":                  {[]string{""}, "", ""},
		"each thing is told once":       {[]string{"a", "a", "b", ""}, "waiting: a: 3\nwaiting: b: 1\n", ""},
		"an outage is waited for":       {[]string{"!", ""}, "waiting: the cluster cannot be asked: connection refused\n", ""},
		"what is missing when time ran": {[]string{"a", "b", "stop"}, "waiting: a: 2\nwaiting: b: 1\n", "wait: time is up; missing is: b: 1"},
		"no time at all":                {[]string{"stop"}, "", "wait: time is up; missing is: stop: 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var progress strings.Builder
			err := waitFor(ctx, time.Nanosecond, &progress, func() (unmet, error) {
				now := c.says[0]
				c.says = c.says[1:]
				switch now {
				case "!":
					return unmet{}, outage
				case "stop":
					cancel(errors.New("time is up"))
				}
				if now == "" {
					return unmet{}, nil
				}
				// Why it is missing changes from one time to the other.
				return unmet{now, fmt.Sprint(len(c.says))}, nil
			})
			if got := progress.String(); got != c.progress {
				t.Errorf("progress is %q, want %q", got, c.progress)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
				t.Errorf("error is %v, want %q", err, c.err)
			}
			if len(c.says) != 0 {
				t.Errorf("not asked %d more times", len(c.says))
			}
		})
	}
}

func TestMissing(t *testing.T) {
	leaf := &X509{}
	status := func(change func(*Status)) *Status {
		s := &Status{
			Secret:   &SecretStatus{},
			Webhooks: &WebhooksStatus{Entries: []EntryStatus{{Name: "pod", Trusted: true}}},
			Replicas: []ReplicaStatus{{Name: "a", Leaf: leaf, FromSecret: true, Trusted: true}},
		}
		change(s)
		return s
	}
	cases := map[string]struct {
		status *Status
		want   string
	}{
		"nothing": {status(func(*Status) {}), ""},
		"an entry that does not trust the leaf": {
			status(func(s *Status) { s.Webhooks.Entries[0] = EntryStatus{Name: "pod", Error: "unknown authority"} }),
			"entry pod does not trust the new leaf yet: unknown authority",
		},
		"a replica with the old leaf": {
			status(func(s *Status) { s.Replicas[0].FromSecret = false }), "replica a does not serve the new leaf yet: it does when every caBundle has verified it for serve's --trust-slack",
		},
		"a replica that is away": {
			status(func(s *Status) { s.Replicas[0] = ReplicaStatus{Name: "a", Error: "refused"} }), "replica a cannot be looked at: refused",
		},
		"no replica": {status(func(s *Status) { s.Replicas = nil }), "there is no replica"},
		"a Secret that is gone": {
			status(func(s *Status) { s.Secret, s.Problems = nil, []string{"it does not exist"} }), "there is no pair to serve, or nobody who asks for it: it does not exist",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.status.missing().String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
