package check

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/certificates"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
)

// results are those of a section, each as `check status`.
func results(report *Report) (all []string) {
	for _, check := range report.Checks {
		all = append(all, check.Check+" "+string(check.Status))
	}
	return all
}

// versioned is an API server of a version.
type versioned struct {
	Discovery
	version string
	err     error
}

func (v versioned) ServerVersion() (*version.Info, error) {
	return &version.Info{GitVersion: v.version}, v.err
}

func TestVersion(t *testing.T) {
	for version, want := range map[string]Status{
		"v1.29.9": Failed, "v1.30.0": OK, "v1.31.4-gke.100": OK, "v1.100.0": OK, "v1.30.0-eks-1": OK, "v2.0.0": Warning, "": Warning,
	} {
		report := &Report{OK: true}
		if err := checkVersion(report, versioned{version: version}); err != nil {
			t.Fatal(err)
		}
		if got := report.Checks[0]; got.Status != want || report.OK != (want != Failed) {
			t.Errorf("%q: %+v, want %s", version, got, want)
		}
	}
	if err := checkVersion(&Report{}, versioned{err: errors.New("nobody there")}); err == nil || !strings.Contains(err.Error(), "nobody there") {
		t.Errorf("the error is %v", err)
	}
}

// TestNotInstalled: that there is no injector is a failed check, that it is not known which one is meant an error.
func TestNotInstalled(t *testing.T) {
	after := func(problem error) (*Report, error) {
		return After(t.Context(), AfterOptions{Cluster: Cluster{Discovery: versioned{version: "v1.37.2"}}, Problem: problem, Now: time.Now})
	}
	missing := apierrors.NewNotFound(schema.GroupResource{Resource: "mutatingwebhookconfigurations"}, "canary")
	for _, problem := range []error{installed.ErrNone, fmt.Errorf("read: %w", missing)} {
		report, err := after(problem)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"version ok", "installed failed"}, results(report)); diff != "" || report.OK {
			t.Errorf("%v: ok is %v (-want +got):\n%s", problem, report.OK, diff)
		}
	}
	several := errors.New("several injectors are installed, --injector names one")
	if _, err := after(several); !errors.Is(err, several) {
		t.Errorf("the error is %v, want %v", err, several)
	}
}

// TestOldestIsTheCharts: what check wants is what the chart wants.
func TestOldestIsTheCharts(t *testing.T) {
	text, err := os.ReadFile("../../../manifests/sidecar-injector/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var chart struct{ KubeVersion string }
	if err := yaml.Unmarshal(text, &chart); err != nil {
		t.Fatal(err)
	}
	if chart.KubeVersion != ">=1.30.0-0" || oldest != 30 {
		t.Errorf("the chart wants %s, check 1.%d", chart.KubeVersion, oldest)
	}
}

// deployment has so many replicas, of which some are ready.
func deployment(want, ready int32, tweaks ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "injector", Generation: 2}, Spec: appsv1.DeploymentSpec{Replicas: &want}}
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: 2, ReadyReplicas: ready,
		Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue}}}
	for _, tweak := range tweaks {
		tweak(d)
	}
	return d
}

func TestServing(t *testing.T) {
	for sentence, c := range map[string]struct {
		deployment *appsv1.Deployment
		want       []string
	}{
		"all are ready":        {deployment(2, 2), []string{"deployment ok"}},
		"one of two is":        {deployment(2, 1), []string{"deployment warning"}},
		"none is":              {deployment(2, 0), []string{"deployment failed"}},
		"there is but one":     {deployment(1, 1), []string{"deployment warning"}},
		"it is not available":  {deployment(3, 2, func(d *appsv1.Deployment) { d.Status.Conditions[0].Status = corev1.ConditionFalse }), []string{"deployment failed"}},
		"it was changed now":   {deployment(2, 2, func(d *appsv1.Deployment) { d.Generation = 3 }), []string{"deployment warning"}},
		"it was not found yet": {nil, nil},
	} {
		report := &Report{OK: true}
		checkServing(report.section(groupInjector), &installed.Injector{Deployment: c.deployment})
		if diff := cmp.Diff(c.want, results(report)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sentence, diff)
		}
	}
}

func TestCertificate(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	later, earlier, yes, no := now.Add(48*time.Hour), now.Add(-time.Hour), true, false
	good := func() *certificates.Status {
		return &certificates.Status{
			Namespace: "mesh", Name: "injector",
			Certificate: &certificates.CertificateStatus{Namespace: "mesh", Name: "injector-tls", Ready: true, Issuer: certificates.IssuerStatus{Kind: "Issuer", Name: "ca"}, Renewal: &later},
			Secret:      &certificates.SecretStatus{Namespace: "mesh", Name: "injector-tls", Chain: []certificates.X509{{NotBefore: earlier, NotAfter: later}}},
			Webhooks:    &certificates.WebhooksStatus{Entries: []certificates.EntryStatus{{Name: "pod", Trusted: true}}},
			Replicas:    []certificates.ReplicaStatus{{Name: "a", Ready: &yes, Trusted: true}},
		}
	}
	for sentence, c := range map[string]struct {
		tweak func(*certificates.Status)
		want  string // the one that is not ok
		says  string
	}{
		"all is well":           {func(*certificates.Status) {}, "", ""},
		"no Certificate":        {func(s *certificates.Status) { s.Certificate = nil }, "certificate failed", "there is no Certificate mesh/injector-tls"},
		"one that is not Ready": {func(s *certificates.Status) { s.Certificate.Ready, s.Certificate.Message = false, "no issuer" }, "certificate failed", `of Issuer "ca" is not Ready: no issuer`},
		"issuing fails":         {func(s *certificates.Status) { s.Certificate.Failures = 3 }, "certificate failed", "failed, 3 times in a row"},
		"renewal is late":       {func(s *certificates.Status) { s.Certificate.Renewal = &earlier }, "certificate warning", "was to be renewed 60m ago"},
		"renewal goes on":       {func(s *certificates.Status) { s.Certificate.Renewal, s.Certificate.Issuing = &earlier, true }, "", ""},
		"no Secret":             {func(s *certificates.Status) { s.Secret = nil }, "serving-pair failed", "there is no Secret"},
		"a pair that is no use": {func(s *certificates.Status) { s.Secret.Error = "it has expired" }, "serving-pair failed", "it has expired"},
		"a caBundle without it": {func(s *certificates.Status) {
			s.Webhooks.Entries[0] = certificates.EntryStatus{Name: "pod", Error: "unknown authority"}
		}, "ca-bundle failed", "pod: unknown authority"},
		"no endpoints":             {func(s *certificates.Status) { s.Replicas, s.Problems = nil, []string{"no replica serves: none"} }, "endpoints failed", "no replica serves: none"},
		"no endpoint that is one":  {func(s *certificates.Status) { s.Replicas[0].Ready = &no }, "endpoints failed", "none of 1 endpoint is ready"},
		"one that cannot be asked": {func(s *certificates.Status) { s.Replicas[0].Error = "forbidden" }, "served warning", "a: forbidden"},
		"one that serves another":  {func(s *certificates.Status) { s.Replicas[0].Trusted = false }, "served failed", "not trusted by every entry: a"},
	} {
		t.Run(sentence, func(t *testing.T) {
			status, report := good(), &Report{OK: true}
			c.tweak(status)
			s := report.section(groupCertificate)
			judgeCertificate(s, status, now)
			judgePair(s, status.Secret, now)
			judgeTrust(s, status.Webhooks)
			judgeReplicas(s, status)
			var bad []string
			for _, check := range report.Checks {
				if check.Status == OK {
					continue
				}
				bad = append(bad, check.Check+" "+string(check.Status))
				if !strings.Contains(check.Message, c.says) || check.Hint == "" {
					t.Errorf("it says %q, want %q, with the hint %q", check.Message, c.says, check.Hint)
				}
			}
			if got := strings.Join(bad, ", "); got != c.want {
				t.Errorf("not ok are %q, want %q", got, c.want)
			}
		})
	}
}

// TestWrite: a line a check, a hint below what is not ok, and lines that fit a terminal.
func TestWrite(t *testing.T) {
	report := &Report{OK: true}
	report.section("Kubernetes").ok("version", "it is v1.37.2")
	report.section("Pods").add("overlap", Warning, "give it a label of its own", "another injector is asked about the same pods of all namespaces that are labelled")
	report.section("Pods").add("admission", Failed, "see a firewall", "nobody answers")
	var out strings.Builder
	if err := report.Write(&out, Look{Width: 60}); err != nil {
		t.Fatal(err)
	}
	const want = `Kubernetes
  ok       version: it is v1.37.2

Pods
  warning  overlap: another injector is asked about the same
           pods of all namespaces that are labelled
           hint: give it a label of its own
  failed   admission: nobody answers
           hint: see a firewall

3 checks: 1 ok, 1 warning, 1 failed
`
	if diff := cmp.Diff(want, out.String()); diff != "" || report.OK {
		t.Errorf("ok is %v (-want +got):\n%s", report.OK, diff)
	}
}
