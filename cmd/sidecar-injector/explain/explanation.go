package explain

import (
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Verdict is what becomes of a pod when it is created.
type Verdict string

// The verdicts.
const (
	// Inject: it gets its sidecar.
	Inject Verdict = "inject"
	// Skip: the webhook is asked, and leaves it as it is.
	Skip Verdict = "skip"
	// NotCalled: the API server does not ask the webhook.
	NotCalled Verdict = "not_called"
	// Failed: its injection fails; onError says whether it is refused.
	Failed Verdict = "failed"
	// Refused: the API server refuses it without asking the webhook.
	Refused Verdict = "refused"
	// Unknown: its kind is not one whose pods are known before they are created.
	Unknown Verdict = "unknown"
)

// Explanation says why a pod, or the pods of a workload, are injected or not.
type Explanation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Template is where the pod template stands in an object that has several.
	Template string `json:"template,omitempty"`
	// Verdict is what becomes of the pod when it is created now, Reason the short word of the rule that decided (empty if
	// the API server decides), and Because the same in a sentence.
	Verdict Verdict        `json:"verdict"`
	Reason  webhook.Reason `json:"reason,omitempty"`
	Because string         `json:"because"`
	// Templates are those that are applied.
	Templates []string `json:"templates,omitempty"`
	// Probes says of each TCP probe that asks another port after injection which one it asks.
	Probes []string `json:"probes,omitempty"`
	// Warnings are those that the webhook answers.
	Warnings []string `json:"warnings,omitempty"`
	// Webhooks are the entries of the webhook configuration, and what the API server does with each. Assumed says what
	// they are, if they are not the cluster's.
	Webhooks []selection.Call `json:"webhooks"`
	Assumed  string           `json:"assumed,omitempty"`
	// Others are the webhooks of other configurations that are asked about the pod too.
	Others []Other `json:"others,omitempty"`
	// Scope is the entry that is asked, or comes closest to it.
	Scope webhook.Scope `json:"scope,omitempty"`
	// Rules are what each rule of the decision saw and said, in order of precedence. If nobody is asked, it is what they
	// would say.
	Rules []webhook.Step `json:"rules,omitempty"`
	// State is what a live pod has; nil of what is no live pod.
	State *State `json:"state,omitempty"`
	// Pods counts the live pods of a live workload; nil otherwise.
	Pods *Pods `json:"pods,omitempty"`
	// Renew says how the live pods become what new ones would be; nil if they are that.
	Renew *Renewal `json:"renew,omitempty"`
	// Remedies are changes after which the verdict would be another one.
	Remedies []Remedy `json:"remedies,omitempty"`
}

// Sidecar is what a live pod has of a sidecar.
type Sidecar string

// What a live pod can have.
const (
	// SidecarNone: no sidecar, and none is due.
	SidecarNone Sidecar = "none"
	// SidecarCurrent: that of today's templates and values.
	SidecarCurrent Sidecar = "current"
	// SidecarOutdated: one of older templates or values.
	SidecarOutdated Sidecar = "outdated"
	// SidecarOther: another injector's.
	SidecarOther Sidecar = "other_injector"
	// SidecarMissing: none, though one is due: the pod would be injected if it were created now, or that would fail.
	SidecarMissing Sidecar = "missing"
	// SidecarUnwanted: one, though the pod would not be injected if it were created now.
	SidecarUnwanted Sidecar = "unwanted"
)

// State is what a live pod has, and how that came about as far as the cluster shows.
type State struct {
	Sidecar Sidecar `json:"sidecar"`
	// Record is what was written down at injection, and Today what would be now.
	Record *templates.Record `json:"record,omitempty"`
	Today  *templates.Record `json:"today,omitempty"`
	// History says when and how, for what is missing, unwanted or outdated, and whose the sidecar of another injector is.
	History string `json:"history,omitempty"`
}

// Pods counts the live pods of a workload, but for those that ended.
type Pods struct {
	// With have a sidecar, Outdated of them one of older templates or values.
	With     int `json:"with"`
	Outdated int `json:"outdated,omitempty"`
	// Without have none, Other of them another injector's.
	Without int `json:"without"`
	Other   int `json:"otherInjector,omitempty"`
}

// Other is a webhook of another configuration.
type Other struct {
	Configuration string `json:"configuration"`
	Webhook       string `json:"webhook"`
	// Injector says that it is one of another injector of this program, such as another revision.
	Injector bool `json:"injector,omitempty"`
}

// Renewal is how pods are made anew. Commands are to be run in a shell.
type Renewal struct {
	How     string `json:"how"`
	Command string `json:"command,omitempty"`
}

// Remedy is a change, and the verdict after it. Command does it, in a shell, one command a line; it is empty where the
// change is one in a file.
type Remedy struct {
	Change  string  `json:"change"`
	Command string  `json:"command,omitempty"`
	Verdict Verdict `json:"verdict"`
}
