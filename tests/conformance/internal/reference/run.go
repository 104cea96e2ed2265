package reference

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Profile is the profile under test.
type Profile struct {
	// Name of the built-in profile.
	Name string
	// Config is laid over the configuration of every case.
	Config webhook.ConfigFile
	// Values returns the values of the configuration, given those of a case. Nil: they are the case's.
	Values func(values map[string]any) map[string]any
	// Reasons maps the mesh's reasons for skipping a pod to ours; one that is missing is not compared.
	Reasons map[string]string
	// Exceptions are differences that are meant to be.
	Exceptions []*Exception
}

// Run puts every case through the webhook, prints how many came out as the mesh's, and fails on each other.
func (c *Cases) Run(t *testing.T, p *Profile) {
	equal, all := map[string]int{}, map[string]int{}
	for i := range c.All {
		one := &c.All[i]
		all[one.Outcome()]++
		t.Run(one.Name, func(t *testing.T) {
			if problem := c.problem(t, p, one); problem != "" {
				t.Error(problem)
				return
			}
			equal[one.Outcome()]++
		})
	}
	for _, outcome := range []string{"injected", "skipped", "refused"} {
		t.Logf("%s: %d of %d as by the mesh's own injector", outcome, equal[outcome], all[outcome])
	}
	for _, exception := range p.Exceptions {
		t.Logf("exception: %s: %d pods", exception.Name, exception.used)
		if exception.used == 0 {
			t.Errorf("the exception %q is not used", exception.Name)
		}
	}
}

// problem says how a case comes out otherwise than by the mesh, "" if it does not.
func (c *Cases) problem(t *testing.T, p *Profile, one *Case) string {
	answer := c.admit(t, p, one, one.Pod)
	decision, reason := answer.AuditAnnotations["decision"], answer.AuditAnnotations["reason"]
	outcome := map[string]string{"inject": "injected", "skip": "skipped", "error": "refused"}[decision]
	message := ""
	if answer.Result != nil {
		message = answer.Result.Message
	}
	if outcome != one.Outcome() {
		for _, exception := range p.Exceptions {
			if exception.Outcome != nil && exception.Outcome(one, outcome, message) {
				exception.used++
				return ""
			}
		}
		return fmt.Sprintf("%s (%s: %s), the mesh: %s %s%s", outcome, reason, message, one.Outcome(), one.Skipped, one.Refused)
	}
	switch outcome {
	case "skipped":
		if want := p.Reasons[one.Skipped]; want != "" && want != reason {
			return fmt.Sprintf("skipped for %s, the mesh for %s", reason, one.Skipped)
		}
		return ""
	case "refused":
		return ""
	}
	want, got := comparable(plain(one.Injected)), comparable(plain(apply(t, one.Pod, answer.Patch)))
	delete(templates.Pod(got).Annotations(), p.status(t))
	for _, exception := range p.Exceptions {
		if exception.Pod != nil && exception.Pod(want, got) {
			exception.used++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return "the pod (-mesh +ours):\n" + changes(diff)
	}
	return ""
}

// status is the profile's annotation of its own, the one thing that is not compared.
func (p *Profile) status(t *testing.T) string {
	t.Helper()
	profile, err := templates.BuiltinProfile(p.Name)
	if err != nil {
		t.Fatal(err)
	}
	return profile.Keys.Status
}

// admit asks the webhook about a pod, as the API server would in the namespace of a case.
func (c *Cases) admit(t *testing.T, p *Profile, one *Case, pod map[string]any) *admissionv1.AdmissionResponse {
	t.Helper()
	config := c.config(t, p, one)
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: known{&one.Namespace}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	answer := handler.For(scopeOf(config, one, pod), nil).Handle(context.Background(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Operation: admissionv1.Create,
		Namespace: one.Namespace.Name, Object: runtime.RawExtension{Raw: raw},
	}})
	if len(answer.Patches) > 0 {
		t.Fatal("the patch is not in its final form")
	}
	return &answer.AdmissionResponse
}

func (c *Cases) config(t *testing.T, p *Profile, one *Case) *webhook.Config {
	t.Helper()
	values := c.ValuesOf(one)
	if p.Values != nil {
		values = p.Values(values)
	}
	file := p.Config
	file.Profile = p.Name
	config, err := webhook.NewConfig(nil, file, values)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// scopeOf is the entry by which a pod comes, where the one for pods that say nothing is installed too.
func scopeOf(config *webhook.Config, one *Case, pod map[string]any) webhook.Scope {
	policy := config.Policy()
	if one.Namespace.Labels[policy.Keys.NamespaceLabel] == policy.Keys.NamespaceLabelValue {
		return webhook.ScopeNamespace
	}
	for _, place := range policy.Trigger.Places() {
		values := templates.Pod(pod).Annotations()
		if place == templates.PlaceLabel {
			values = templates.Pod(pod).Labels()
		}
		if word, ok := values[policy.Keys.Inject].(string); ok && policy.Trigger.Read(word) != templates.Silent {
			return webhook.ScopePod
		}
	}
	return webhook.ScopeEvery
}

// known knows one namespace.
type known struct{ meta *metav1.ObjectMeta }

func (k known) Namespace(string) *metav1.ObjectMeta { return k.meta }

// apply returns a pod with a patch applied.
func apply(t *testing.T, pod map[string]any, patch []byte) map[string]any {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	if len(patch) > 0 {
		decoded, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = decoded.Apply(raw); err != nil {
			t.Fatal(err)
		}
	}
	var applied map[string]any
	if err := utiljson.Unmarshal(raw, &applied); err != nil {
		t.Fatal(err)
	}
	return applied
}

// changes are the lines of a difference that differ, at most so many.
func changes(diff string) string {
	var lines []string
	for line := range strings.Lines(diff) {
		if line[0] == '+' || line[0] == '-' {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	if len(lines) > 60 {
		lines = append(lines[:60], fmt.Sprintf("… and %d more", len(lines)-60))
	}
	return strings.Join(lines, "\n")
}
