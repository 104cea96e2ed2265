package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Admission is what the API server wrote down about the creation of one pod.
type Admission struct {
	// Code is the answer's HTTP status.
	Code int
	// Webhooks holds the audit annotations that each webhook entry answered
	// with: entry name → annotation → value.
	Webhooks map[string]map[string]string
	// Calls are the mutating webhooks that were asked, in their order.
	Calls []Call
}

// Call is one question to a mutating webhook. Round 1 is the reinvocation.
type Call struct {
	Round   int
	Webhook string
	Mutated bool
}

// callKey begins the API server's own annotation about a call; the numbers of
// round and webhook follow.
const callKey = "mutation.webhook.admission.k8s.io/round_"

// AuditedAccount is the service account whose requests the API server writes down: that of the release and namespace
// "permissions".
const AuditedAccount = "system:serviceaccount:permissions:permissions"

// Request is what an account asked the API server for.
type Request struct {
	Verb, Group, Resource, Name string // Resource with its subresource: certificates/status
	// Code is the answer's HTTP status.
	Code int
}

// auditEvent is the part of audit.k8s.io/v1 Event that is read here.
type auditEvent struct {
	User           struct{ Username string }
	Verb           string
	ObjectRef      struct{ Namespace, Name, APIGroup, Resource, Subresource string }
	ResponseStatus struct{ Code int }
	Annotations    map[string]string
}

// Admissions returns the creations of a pod, refused and dry-run ones too, in
// their order. The log is written before the API server answers, so what a
// client has seen is there.
func (c *Cluster) Admissions(namespace, pod string) ([]Admission, error) {
	var found []Admission
	err := c.auditEvents(func(event *auditEvent) error {
		if event.ObjectRef.Resource != "pods" || event.ObjectRef.Namespace != namespace || event.ObjectRef.Name != pod {
			return nil
		}
		admission, err := event.admission()
		found = append(found, admission)
		return err
	})
	return found, err
}

// Requests returns what AuditedAccount has asked for, each request once.
func (c *Cluster) Requests() (map[Request]bool, error) {
	found := map[Request]bool{}
	return found, c.auditEvents(func(event *auditEvent) error {
		if event.User.Username != AuditedAccount {
			return nil
		}
		resource := event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			resource += "/" + event.ObjectRef.Subresource
		}
		found[Request{event.Verb, event.ObjectRef.APIGroup, resource, event.ObjectRef.Name, event.ResponseStatus.Code}] = true
		return nil
	})
}

// auditEvents visits the events of the audit log, in their order.
func (c *Cluster) auditEvents(visit func(*auditEvent) error) error {
	text, err := os.ReadFile(c.file("audit.log"))
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var event auditEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			continue // the last line, while it is being written
		}
		if err := visit(&event); err != nil {
			return err
		}
	}
	return lines.Err()
}

// admission sorts the event's annotations.
func (e *auditEvent) admission() (Admission, error) {
	admission := Admission{Code: e.ResponseStatus.Code, Webhooks: map[string]map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(e.Annotations)) {
		if place, ok := strings.CutPrefix(key, callKey); ok {
			var call Call
			if _, err := fmt.Sscanf(place, "%d_index_", &call.Round); err != nil {
				return Admission{}, fmt.Errorf("read audit annotation %q: %w", key, err)
			}
			if err := json.Unmarshal([]byte(e.Annotations[key]), &call); err != nil {
				return Admission{}, fmt.Errorf("read audit annotation %q: %w", key, err)
			}
			admission.Calls = append(admission.Calls, call)
			continue
		}
		webhook, annotation, ok := strings.Cut(key, "/")
		if !ok || strings.HasSuffix(webhook, ".k8s.io") || strings.HasSuffix(webhook, ".kubernetes.io") {
			continue // the API server's own
		}
		if admission.Webhooks[webhook] == nil {
			admission.Webhooks[webhook] = map[string]string{}
		}
		admission.Webhooks[webhook][annotation] = e.Annotations[key]
	}
	return admission, nil
}

// Admission returns the only creation of a pod. That there is none yet, or more
// than one, is an error. It waits a moment for the log.
func (c *Cluster) Admission(ctx context.Context, namespace, pod string) (Admission, error) {
	var only Admission
	err := Eventually(ctx, stopTimeout, func(context.Context) error {
		all, err := c.Admissions(namespace, pod)
		if err != nil {
			return err
		}
		if len(all) != 1 {
			return fmt.Errorf("find the creation of pod %s/%s in the audit log: %d there, want 1", namespace, pod, len(all))
		}
		only = all[0]
		return nil
	})
	return only, err
}
