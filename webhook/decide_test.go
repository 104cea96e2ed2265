package webhook

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// The policy of these tests: each selector, and the excluded namespace, has one pod or name that it is about.
const testPolicy = `
excludedNamespaces: [fenced]
neverInjectSelector: [{matchLabels: {other: thing}}, {matchLabels: {never: "yes"}}]
alwaysInjectSelector: [{matchExpressions: [{key: always, operator: Exists}]}]
`

var (
	optedIn  = Namespace{Name: "shop", OptedIn: true}
	optedOut = Namespace{Name: "shop"}
)

// Tweaks that make a rule apply.
var (
	mirrorPod      = annotation("kubernetes.io/config.mirror", "0123abcd")
	windowsByOS    = set("windows", "spec", "os", "name")
	windowsByNode  = set("windows", "spec", "nodeSelector", "kubernetes.io/os")
	hostNetwork    = set(true, "spec", "hostNetwork")
	neverSelected  = label("never", "yes")
	alwaysSelected = label("always", "")
)

type decisionRow struct {
	pod      []tweak
	in       Namespace
	disabled bool // the policy
	want     Decision
}

func skip(reason Reason) Decision     { return Decision{Reason: reason} }
func skipWarn(reason Reason) Decision { return Decision{Reason: reason, Warn: true} }
func inject(reason Reason) Decision   { return Decision{Inject: true, Reason: reason} }
func others(injector string) Decision {
	return Decision{Reason: ReasonInjectedByOther, Injector: injector}
}
func injectWarn(reason Reason) Decision { return Decision{Inject: true, Reason: reason, Warn: true} }

// decisionRows has the lines of Decide's precedence table, in its order, and what is near them.
var decisionRows = map[string]decisionRow{
	// 1
	"a mirror pod is skipped":                       {[]tweak{mirrorPod}, optedIn, false, skip(ReasonMirrorPod)},
	"a mirror pod that asks is skipped unwarned":    {[]tweak{mirrorPod, annotateInject("true")}, optedOut, false, skip(ReasonMirrorPod)},
	"a mirror pod on the host's network is mirror":  {[]tweak{mirrorPod, hostNetwork}, optedIn, false, skip(ReasonMirrorPod)},
	"an empty mirror annotation is a mirror pod's":  {[]tweak{annotation("kubernetes.io/config.mirror", "")}, optedIn, false, skip(ReasonMirrorPod)},
	"a mirror label is no mirror annotation":        {[]tweak{label("kubernetes.io/config.mirror", "x")}, optedIn, false, inject(ReasonNamespaceLabel)},
	"a static pod's source annotation is no mirror": {[]tweak{annotation("kubernetes.io/config.source", "file")}, optedIn, false, inject(ReasonNamespaceLabel)},
	// 2
	"a Windows pod, by its operating system":          {[]tweak{windowsByOS}, optedIn, false, skip(ReasonWindowsPod)},
	"a Windows pod, by its node selector":             {[]tweak{windowsByNode}, optedIn, false, skip(ReasonWindowsPod)},
	"a Windows pod that asks is warned":               {[]tweak{windowsByOS, annotateInject("true")}, optedOut, false, skipWarn(ReasonWindowsPod)},
	"a Windows pod that opted out is not warned":      {[]tweak{windowsByNode, labelInject("false")}, optedIn, false, skip(ReasonWindowsPod)},
	"a Windows pod on the host's network is Windows":  {[]tweak{windowsByNode, hostNetwork}, optedIn, false, skip(ReasonWindowsPod)},
	"a Linux pod by operating system and by selector": {[]tweak{set("linux", "spec", "os", "name"), set("linux", "spec", "nodeSelector", "kubernetes.io/os")}, optedIn, false, inject(ReasonNamespaceLabel)},
	// 3
	"host network is skipped":                            {[]tweak{hostNetwork}, optedIn, false, skip(ReasonHostNetwork)},
	"host network that asked by label is warned":         {[]tweak{hostNetwork, labelInject("true")}, optedOut, false, skipWarn(ReasonHostNetwork)},
	"host network that asked by annotation is warned":    {[]tweak{hostNetwork, annotateInject("true")}, optedOut, false, skipWarn(ReasonHostNetwork)},
	"host network that asked in a wrong way is warned":   {[]tweak{hostNetwork, annotateInject("yes")}, optedOut, false, skipWarn(ReasonHostNetwork)},
	"host network that opted out is not warned":          {[]tweak{hostNetwork, annotateInject("false")}, optedIn, false, skip(ReasonHostNetwork)},
	"host network in an excluded namespace is host":      {[]tweak{hostNetwork}, Namespace{Name: "fenced", OptedIn: true}, false, skip(ReasonHostNetwork)},
	"host network false is as good as none":              {[]tweak{set(false, "spec", "hostNetwork")}, optedIn, false, inject(ReasonNamespaceLabel)},
	"host process and IPC namespaces are not in the way": {[]tweak{set(true, "spec", "hostPID"), set(true, "spec", "hostIPC")}, optedIn, false, inject(ReasonNamespaceLabel)},
	// 4
	"an excluded namespace is skipped":                  {nil, Namespace{Name: "fenced", OptedIn: true}, false, skip(ReasonExcludedNamespace)},
	"an excluded namespace beats the pod's label":       {[]tweak{labelInject("true")}, Namespace{Name: "fenced"}, false, skipWarn(ReasonExcludedNamespace)},
	"an excluded namespace beats the pod's annotation":  {[]tweak{annotateInject("true")}, Namespace{Name: "fenced"}, false, skipWarn(ReasonExcludedNamespace)},
	"an excluded namespace beats a pod that opts out":   {[]tweak{labelInject("false")}, Namespace{Name: "fenced"}, false, skip(ReasonExcludedNamespace)},
	"an excluded namespace beats an always selector":    {[]tweak{alwaysSelected}, Namespace{Name: "fenced", OptedIn: true}, false, skip(ReasonExcludedNamespace)},
	"kube-system is excluded without being listed":      {nil, Namespace{Name: "kube-system", OptedIn: true}, false, skip(ReasonExcludedNamespace)},
	"kube-public is excluded without being listed":      {nil, Namespace{Name: "kube-public", OptedIn: true}, false, skip(ReasonExcludedNamespace)},
	"kube-node-lease is excluded without being listed":  {nil, Namespace{Name: "kube-node-lease", OptedIn: true}, false, skip(ReasonExcludedNamespace)},
	"a namespace that only begins alike is not skipped": {nil, Namespace{Name: "fenced-off", OptedIn: true}, false, inject(ReasonNamespaceLabel)},
	// 5
	"the label asks": {[]tweak{labelInject("true")}, optedOut, false, inject(ReasonLabelTrue)},
	"the label asks, against a disabled policy":          {[]tweak{labelInject("true")}, optedIn, true, inject(ReasonLabelTrue)},
	"the label asks, against a never selector":           {[]tweak{labelInject("true"), neverSelected}, optedIn, false, inject(ReasonLabelTrue)},
	"the label asks, against the annotation":             {[]tweak{labelInject("true"), annotateInject("false")}, optedOut, false, inject(ReasonLabelTrue)},
	"the label opts out":                                 {[]tweak{labelInject("false")}, optedIn, false, skip(ReasonLabelFalse)},
	"the label opts out, against an always selector":     {[]tweak{labelInject("false"), alwaysSelected}, optedIn, false, skip(ReasonLabelFalse)},
	"the label opts out, against the annotation":         {[]tweak{labelInject("false"), annotateInject("true")}, optedOut, false, skip(ReasonLabelFalse)},
	"the label opts out where nobody asked":              {[]tweak{labelInject("false")}, optedOut, false, skip(ReasonLabelFalse)},
	"an empty label beats the annotation true":           {[]tweak{labelInject(""), annotateInject("true")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"an empty label beats the annotation, opted in":      {[]tweak{labelInject(""), annotateInject("false")}, optedIn, false, injectWarn(ReasonInvalidValue)},
	"an invalid label beats the annotation's valid word": {[]tweak{labelInject("maybe"), annotateInject("true")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	// 6
	"the annotation asks": {[]tweak{annotateInject("true")}, optedOut, false, inject(ReasonAnnotationTrue)},
	"the annotation asks, where the namespace did as well": {[]tweak{annotateInject("true")}, optedIn, false, inject(ReasonAnnotationTrue)},
	"the annotation asks, against a disabled policy":       {[]tweak{annotateInject("true")}, optedIn, true, inject(ReasonAnnotationTrue)},
	"the annotation asks, against a never selector":        {[]tweak{annotateInject("true"), neverSelected}, optedIn, false, inject(ReasonAnnotationTrue)},
	"the annotation opts out":                              {[]tweak{annotateInject("false")}, optedIn, false, skip(ReasonAnnotationFalse)},
	"the annotation opts out, against an always selector":  {[]tweak{annotateInject("false"), alwaysSelected}, optedIn, false, skip(ReasonAnnotationFalse)},
	// 7
	"True is neither true nor false":               {[]tweak{annotateInject("True")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"yes is neither true nor false":                {[]tweak{annotateInject("yes")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"yes as a label is neither":                    {[]tweak{labelInject("yes")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"an empty annotation is neither":               {[]tweak{annotateInject("")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"true with a blank is neither":                 {[]tweak{annotateInject("true ")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	"a value with line breaks is told on one line": {[]tweak{annotateInject("true\nfalse\r\n")}, optedOut, false, skipWarn(ReasonInvalidValue)},
	// 8
	"nobody asks": {nil, optedOut, false, skip(ReasonNotRequested)},
	"an always selector alone does not opt in":        {[]tweak{alwaysSelected}, optedOut, false, skip(ReasonNotRequested)},
	"a never selector is not the reason elsewhere":    {[]tweak{neverSelected}, optedOut, false, skip(ReasonNotRequested)},
	"nobody asks, and the policy is disabled as well": {nil, optedOut, true, skip(ReasonNotRequested)},
	// 9
	"a never selector skips":                                {[]tweak{neverSelected}, optedIn, false, skip(ReasonNeverSelector)},
	"the first never selector of the list counts too":       {[]tweak{label("other", "thing")}, optedIn, false, skip(ReasonNeverSelector)},
	"a never selector comes before an always selector":      {[]tweak{neverSelected, alwaysSelected}, optedIn, false, skip(ReasonNeverSelector)},
	"a never selector comes before a disabled policy":       {[]tweak{neverSelected}, optedIn, true, skip(ReasonNeverSelector)},
	"a never selector skips an invalid value, warned":       {[]tweak{neverSelected, annotateInject("yes")}, optedIn, false, skipWarn(ReasonNeverSelector)},
	"a never selector does not match another label's value": {[]tweak{label("never", "no")}, optedIn, false, inject(ReasonNamespaceLabel)},
	// 10
	"an always selector injects":                              {[]tweak{alwaysSelected}, optedIn, false, inject(ReasonAlwaysSelector)},
	"an always selector injects, against a disabled policy":   {[]tweak{alwaysSelected}, optedIn, true, inject(ReasonAlwaysSelector)},
	"an always selector injects an invalid value, warned":     {[]tweak{alwaysSelected, annotateInject("yes")}, optedIn, false, injectWarn(ReasonAlwaysSelector)},
	"an always selector injects an invalid value if disabled": {[]tweak{alwaysSelected, labelInject("")}, optedIn, true, injectWarn(ReasonAlwaysSelector)},
	// 11
	"True, opted in":                   {[]tweak{annotateInject("True")}, optedIn, false, injectWarn(ReasonInvalidValue)},
	"yes, opted in":                    {[]tweak{labelInject("yes")}, optedIn, false, injectWarn(ReasonInvalidValue)},
	"an empty annotation, opted in":    {[]tweak{annotateInject("")}, optedIn, false, injectWarn(ReasonInvalidValue)},
	"an invalid value that says False": {[]tweak{annotateInject("False")}, optedIn, false, injectWarn(ReasonInvalidValue)},
	// 12
	"the namespace asks": {nil, optedIn, false, inject(ReasonNamespaceLabel)},
	// 13
	"the namespace asks, the policy is disabled":   {nil, optedIn, true, skip(ReasonPolicyDisabled)},
	"an invalid value when the policy is disabled": {[]tweak{annotateInject("yes")}, optedIn, true, skipWarn(ReasonPolicyDisabled)},
	// 14
	"injected by Istio":                                {istioInjected, optedIn, false, others("istio")},
	"injected by Istio, and asks":                      {append([]tweak{annotateInject("true")}, istioInjected...), optedOut, false, others("istio")},
	"injected by Istio as a native sidecar":            {[]tweak{container("initContainers", "istio-proxy"), annotation("sidecar.istio.io/status", "{}")}, optedIn, false, others("istio")},
	"injected by Linkerd":                              {[]tweak{container("containers", "linkerd-proxy"), annotation("linkerd.io/proxy-version", "edge")}, optedIn, false, others("linkerd")},
	"injected by Consul":                               {[]tweak{container("containers", "consul-dataplane"), annotation("consul.hashicorp.com/connect-inject-status", "injected")}, optedIn, false, others("consul")},
	"injected by Kuma":                                 {[]tweak{container("containers", "kuma-sidecar"), annotation("kuma.io/sidecar-injected", "true")}, optedIn, false, others("kuma")},
	"another injector's container alone is no proof":   {[]tweak{container("containers", "istio-proxy")}, optedIn, false, inject(ReasonNamespaceLabel)},
	"another injector's annotation alone is no proof":  {[]tweak{annotation("sidecar.istio.io/status", "{}")}, optedIn, false, inject(ReasonNamespaceLabel)},
	"two injectors' halves are no proof":               {[]tweak{container("containers", "linkerd-proxy"), annotation("sidecar.istio.io/status", "{}")}, optedIn, false, inject(ReasonNamespaceLabel)},
	"another injector's pod that would be skipped":     {append([]tweak{labelInject("false")}, istioInjected...), optedIn, false, skip(ReasonLabelFalse)},
	"another injector's pod on the host's network":     {append([]tweak{hostNetwork}, istioInjected...), optedIn, false, skip(ReasonHostNetwork)},
	"our own sidecar there already is decided anew":    {[]tweak{container("initContainers", "sidecar-proxy"), annotation(statusKey, `{"templates":["envoy"]}`)}, optedIn, false, inject(ReasonNamespaceLabel)},
	"a forged status annotation decides nothing":       {[]tweak{annotation(statusKey, "x")}, optedOut, false, skip(ReasonNotRequested)},
	"our own sidecar there already, and then opts out": {[]tweak{container("containers", "sidecar-proxy"), annotation(statusKey, "{}"), labelInject("false")}, optedIn, false, skip(ReasonLabelFalse)},
}

var istioInjected = []tweak{container("containers", "istio-proxy"), annotation("sidecar.istio.io/status", `{"containers":["istio-proxy"]}`)}

func TestDecide(t *testing.T) {
	enabled, disabled := parsed(t, testPolicy, "").Policy(), parsed(t, testPolicy+"policy: disabled", "").Policy()
	for name, test := range decisionRows {
		t.Run(name, func(t *testing.T) {
			policy := enabled
			if test.disabled {
				policy = disabled
			}
			raw := aPod(t, test.pod...)
			pod := typed(t, raw)
			before := pod.DeepCopy()
			got := Decide(pod, test.in, policy)
			parts, err := convert[decided](raw, nil)
			if err != nil {
				t.Fatal(err)
			}
			if ofParts := Decide(parts.pod(), test.in, policy); ofParts != got {
				t.Errorf("of the parts that the handler decodes %+v, of the whole pod %+v", ofParts, got)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Decision{}, "Detail")); diff != "" {
				t.Errorf("decision (-want +got):\n%s%s", diff, got.Detail)
			}
			if problem := notOneSentence(got.Detail); problem != "" {
				t.Errorf("detail %q %s", got.Detail, problem)
			}
			if diff := cmp.Diff(before, pod); diff != "" {
				t.Errorf("the pod was changed (-before +after):\n%s", diff)
			}
		})
	}
}

func notOneSentence(detail string) string {
	switch {
	case detail == "":
		return "is empty"
	case strings.ContainsAny(detail, "\r\n"):
		return "has a line break"
	case strings.Contains(detail, ". ") || strings.HasSuffix(detail, "."):
		return "is more than one sentence without its full stop"
	default:
		return ""
	}
}

// TestDecideOrder puts two rules at a time to one pod: the one that comes first decides.
func TestDecideOrder(t *testing.T) {
	policy := parsed(t, testPolicy, "").Policy()
	rules := []struct {
		name   string
		make   tweak
		reason Reason
	}{
		{"mirror pod", mirrorPod, ReasonMirrorPod},
		{"Windows", windowsByOS, ReasonWindowsPod},
		{"host network", hostNetwork, ReasonHostNetwork},
		{"excluded namespace", set("fenced", "metadata", "namespace"), ReasonExcludedNamespace},
		{"label", labelInject("false"), ReasonLabelFalse},
		{"annotation", annotateInject("false"), ReasonAnnotationFalse},
		{"never selector", neverSelected, ReasonNeverSelector},
		{"always selector", alwaysSelected, ReasonAlwaysSelector},
		{"namespace label", func(map[string]any) {}, ReasonNamespaceLabel},
	}
	for i, first := range rules {
		for _, second := range rules[i+1:] {
			t.Run(first.name+" before "+second.name, func(t *testing.T) {
				pod := typed(t, aPod(t, set("shop", "metadata", "namespace"), second.make, first.make))
				if got := Decide(pod, Namespace{Name: pod.Namespace, OptedIn: true}, policy); got.Reason != first.reason {
					t.Errorf("reason %q, want %q", got.Reason, first.reason)
				}
			})
		}
	}
}

func TestDecideDetailNamesWhatDecided(t *testing.T) {
	tests := map[string]struct {
		pod  []tweak
		in   Namespace
		want []string
	}{
		"label":              {[]tweak{labelInject("false")}, optedIn, []string{"label", injectKey, `"false"`}},
		"annotation":         {[]tweak{annotateInject("true")}, optedOut, []string{"annotation", injectKey, `"true"`}},
		"invalid value":      {[]tweak{annotateInject("yes")}, optedOut, []string{injectKey, `"yes"`, `want "true" or "false"`}},
		"excluded namespace": {nil, Namespace{Name: "fenced"}, []string{`"fenced"`}},
		"namespace label":    {nil, optedIn, []string{`"shop"`, "istio-injection=enabled"}},
		"other injector":     {istioInjected, optedIn, []string{`"istio-proxy"`, "istio"}},
	}
	policy := parsed(t, testPolicy, "").Policy()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Decide(typed(t, aPod(t, test.pod...)), test.in, policy).Detail
			for _, part := range test.want {
				if !strings.Contains(got, part) {
					t.Errorf("detail %q does not contain %q", got, part)
				}
			}
		})
	}
}

func TestDecideZeroPolicyInjectsNothingUnasked(t *testing.T) {
	pod := typed(t, aPod(t, annotateInject("true")))
	if got := Decide(pod, optedIn, &Policy{}); got.Inject || got.Reason != ReasonPolicyDisabled {
		t.Errorf("got %+v, want a skip because of the policy", got)
	}
	keys := Policy{Keys: templates.Keys{Inject: "example.com/inject"}}
	if got := Decide(typed(t, aPod(t, annotation("example.com/inject", "true"))), optedOut, &keys); got != (Decision{Inject: true, Reason: ReasonAnnotationTrue, Detail: got.Detail}) {
		t.Errorf("got %+v, want the policy's own key to count", got)
	}
}

// TestDecideReasonsAreReached fails if an exported Reason is no row of TestDecide, or a row has none of them.
func TestDecideReasonsAreReached(t *testing.T) {
	reached := map[Reason]bool{}
	for _, row := range decisionRows {
		reached[row.want.Reason] = true
	}
	for _, row := range triggerRows {
		reached[row.want.Reason] = true
	}
	declared := declaredReasons(t)
	if diff := cmp.Diff(slices.Sorted(slices.Values(declared)), slices.Sorted(maps.Keys(reached))); diff != "" {
		t.Errorf("reasons (-declared +reached by a row):\n%s", diff)
	}
	for _, reason := range declared {
		if strings.Trim(string(reason), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("reason %q is not in snake case", reason)
		}
	}
}

// declaredReasons returns the values of the constants named Reason… in decide.go.
func declaredReasons(t *testing.T) []Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "decide.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []Reason
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, Reason(value))
		}
		return true
	})
	return reasons
}
