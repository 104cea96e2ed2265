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
)

// Explanation says why a pod, or the pods of a workload, are injected or not.
type Explanation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Verdict is what becomes of the pod when it is created now, Reason the short word of the rule that decided (empty if
	// the API server decides), and Because the same in a sentence.
	Verdict Verdict        `json:"verdict"`
	Reason  webhook.Reason `json:"reason,omitempty"`
	Because string         `json:"because"`
	// Templates are those that are applied.
	Templates []string `json:"templates,omitempty"`
	// Warnings are those that the webhook answers.
	Warnings []string `json:"warnings,omitempty"`
	// Webhooks are the entries of the webhook configuration, and what the API server does with each.
	Webhooks []selection.Call `json:"webhooks"`
	// Scope is the entry that is asked, or comes closest to it; the rules are those that it meets.
	Scope webhook.Scope `json:"scope,omitempty"`
	// Rules are what each rule of the decision saw and said, in order of precedence.
	Rules []webhook.Step `json:"rules,omitempty"`
	// State is what a live pod has; nil of what is no live pod.
	State *State `json:"state,omitempty"`
	// Pods counts the live pods of a live workload; nil otherwise.
	Pods *Pods `json:"pods,omitempty"`
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
	// SidecarMissing: none, though the pod would be injected if it were created now.
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
	// History says when and how, for what is missing, unwanted or outdated.
	History string `json:"history,omitempty"`
}

// Pods counts the live pods of a workload.
type Pods struct {
	With    int `json:"with"`
	Without int `json:"without"`
}

// Remedy is a change, and the verdict after it.
type Remedy struct {
	Change  string  `json:"change"`
	Command string  `json:"command,omitempty"`
	Verdict Verdict `json:"verdict"`
}
