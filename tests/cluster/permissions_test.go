package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// The release whose account the API server watches: cluster.AuditedAccount.
const permissionsRelease = "permissions"

// TestPermissions has the injector do all that it asks the API server for, and compares its requests, by the audit log, with
// what the chart's roles grant: nothing that it asks for is forbidden, and nothing is granted that it never asks for.
func TestPermissions(t *testing.T) {
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	// With a Service in its entries, which nobody is behind: no pod is this release's.
	chart := cluster.ChartOptions{Release: permissionsRelease, Namespace: permissionsRelease, WebhookAddress: address, InCluster: true, Values: map[string]any{
		"config": map[string]any{"namespaceLabel": "permissions-test=enabled", "revision": permissionsRelease},
	}}
	startRelease(t, chart)
	refuseConfiguration(t)
	askForAnotherPair(t)

	granted := grants(t)
	requests, err := shared.Requests()
	if err != nil {
		t.Fatal(err)
	}
	for request := range requests {
		if request.Code == 403 {
			t.Errorf("it may not %s %s %q of group %q", request.Verb, request.Resource, request.Name, request.Group)
		}
	}
	for _, grant := range granted {
		if !used(grant, requests) {
			t.Errorf("it never uses that it may %s %s %q of group %q", grant.Verb, grant.Resource, grant.Name, grant.Group)
		}
	}
	t.Logf("%d permissions, each used; %d requests, none forbidden", len(granted), len(requests))
}

// refuseConfiguration has the injector report a configuration that is no good one.
func refuseConfiguration(t *testing.T) {
	t.Helper()
	write := func(config string) {
		patch := fmt.Sprintf(`{"data":{"config":%q}}`, config)
		if _, err := shared.Client.CoreV1().ConfigMaps(permissionsRelease).Patch(t.Context(), permissionsRelease, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	write("polcy: enabled")
	waitForRequest(t, cluster.Request{Verb: "create", Group: "events.k8s.io", Resource: "events"})
	write("{namespaceLabel: permissions-test=enabled, revision: permissions}")
}

// askForAnotherPair puts a pair into the Secret that is none, and another, while nobody replaces it: the injector reports both
// in one series of Events, and asks cert-manager for a pair.
func askForAnotherPair(t *testing.T) {
	t.Helper()
	if err := shared.StopCertManager(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shared.StartCertManager(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	for _, text := range []string{"none", "another"} {
		patch := fmt.Sprintf(`{"stringData":{"tls.crt":%q}}`, text)
		if _, err := shared.Client.CoreV1().Secrets(permissionsRelease).Patch(t.Context(), permissionsRelease+"-tls", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * settleTime)
	}
	waitForRequest(t, cluster.Request{Verb: "patch", Group: "events.k8s.io", Resource: "events"})
	waitForRequest(t, cluster.Request{Verb: "patch", Group: "cert-manager.io", Resource: "certificates/status", Name: permissionsRelease + "-tls"})
}

// waitForRequest waits until the injector has made a request, whatever its name if want has none.
func waitForRequest(t *testing.T, want cluster.Request) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		requests, err := shared.Requests()
		if err == nil && !used(want, requests) {
			err = errors.New("it is not made")
		}
		return err
	})
	if err != nil {
		t.Errorf("wait for the request %+v: %v", want, err)
	}
}

// used says whether one of the requests needs what is granted, whatever its name if the grant has none.
func used(grant cluster.Request, requests map[cluster.Request]bool) bool {
	for request := range requests {
		// Where an API server does not stream lists, what is watched is listed first.
		verb := request.Verb == grant.Verb || grant.Verb == "list" && request.Verb == "watch"
		if verb && request.Group == grant.Group && request.Resource == grant.Resource && (grant.Name == "" || grant.Name == request.Name) {
			return true
		}
	}
	return false
}

// grants are what the roles of the release grant, one by one.
func grants(t *testing.T) (all []cluster.Request) {
	t.Helper()
	roles, err := shared.Client.RbacV1().Roles("").List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + permissionsRelease})
	if err != nil {
		t.Fatal(err)
	}
	clusterRoles, err := shared.Client.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + permissionsRelease})
	if err != nil {
		t.Fatal(err)
	}
	var rules []rbacv1.PolicyRule
	for _, role := range roles.Items {
		rules = append(rules, role.Rules...)
	}
	for _, role := range clusterRoles.Items {
		rules = append(rules, role.Rules...)
	}
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					for _, verb := range rule.Verbs {
						all = append(all, cluster.Request{Verb: verb, Group: group, Resource: resource, Name: name})
					}
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no role of the release is there")
	}
	return slices.Compact(all)
}
