package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Look says how explanations are written. The zero value is plain text.
type Look struct {
	Styles terminal.Styles
	// Wide shows every rule, and not only the one that decides.
	Wide bool
}

// Write writes explanations for people, in lines of at most 80 characters where words allow it: the answer, what would
// change it, who is asked, and the rules.
func Write(out io.Writer, explained []Explanation, look Look) error {
	p := &printer{styles: look.Styles, wide: look.Wide}
	for i := range explained {
		if i > 0 {
			p.line("")
		}
		p.explanation(&explained[i])
	}
	if len(explained) == 0 {
		p.line("no workload in the input: nothing to explain")
	}
	_, err := io.WriteString(out, p.text.String())
	return err
}

type printer struct {
	text   strings.Builder
	styles terminal.Styles
	wide   bool
}

func (p *printer) explanation(e *Explanation) {
	if e.Verdict == Unknown {
		at := manifest.Place{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name}
		p.paragraph("", at.String()+": "+e.Because, p.styles.Heading)
		return
	}
	name := e.Name
	if e.Template != "" {
		name += " (" + e.Template + ")"
	}
	p.paragraph("", fmt.Sprintf("%s %s/%s: %s", e.Kind, e.Namespace, name, e.verdict()), e.style(p.styles))
	p.state(e)
	p.remedies(e)
	if len(e.Probes) > 0 {
		p.heading("What changes of its probes", "")
	}
	for _, probe := range e.Probes {
		p.paragraph("  - ", probe, nil)
	}
	if len(e.Warnings) > 0 {
		p.heading("Warnings to who creates the pod", "")
	}
	for _, warning := range e.Warnings {
		p.paragraph("  - ", warning, nil)
	}
	p.heading("Who is asked", e.Assumed)
	for i := range e.Webhooks {
		p.call(&e.Webhooks[i])
	}
	if len(e.Webhooks) == 0 {
		p.paragraph("  ", "nobody: no MutatingWebhookConfiguration calls a path below /inject", nil)
	}
	p.others(e.Others)
	p.rules(e)
}

// remedies writes what would change the verdict.
func (p *printer) remedies(e *Explanation) {
	if e.Verdict == Inject {
		p.heading("What would make it different", "and leave its sidecar out")
	} else {
		p.heading("What would make it different", "and give it a sidecar")
	}
	for _, remedy := range e.Remedies {
		p.paragraph("  - ", remedy.Change, nil)
		p.commands(remedy.Command)
	}
	if len(e.Remedies) == 0 {
		p.paragraph("  ", e.fixed(), nil)
	}
}

// rules writes all rules, or only the one that decides.
func (p *printer) rules(e *Explanation) {
	decides := slices.IndexFunc(e.Rules, func(step webhook.Step) bool { return step.Decided })
	switch {
	case len(e.Rules) == 0:
		return
	case !p.wide && decides >= 0:
		heading := "The rule that decides"
		if e.unasked() {
			heading = "The rule that would decide"
		}
		p.heading(heading, fmt.Sprintf("one of %d; -o wide shows all", len(e.Rules)))
		p.step(e.Rules[decides], e.unasked())
		return
	case e.unasked():
		p.heading("The rules, in order of precedence", "as they would be if it were asked")
	default:
		p.heading("The rules, in order of precedence", "")
	}
	for _, step := range e.Rules {
		p.step(step, e.unasked())
	}
}

// unasked says that what keeps the pod from its sidecar is not what a rule says, but that nobody asks them.
func (e *Explanation) unasked() bool {
	return e.Verdict == Refused || e.Verdict == NotCalled && e.Reason == ""
}

// fixed says why nothing helps.
func (e *Explanation) fixed() string {
	if len(e.Webhooks) == 0 {
		return "an injector in the cluster"
	}
	return "nothing in the pod or its namespace that was tried: " + e.decides()
}

// decides says what it is up to instead.
func (e *Explanation) decides() string {
	switch {
	case e.Verdict == Failed:
		return "a template of the injector fails for it, and sidecar-injector lint says more"
	case e.Verdict == Refused:
		return "a match condition of the webhook configuration fails for it"
	case len(e.Rules) > 0 && e.Rules[len(e.Rules)-1].Applies:
		return "the other injector's proxy has to go first"
	}
	switch e.Reason {
	case webhook.ReasonMirrorPod:
		return "the kubelet runs a static pod as its file on the node says"
	case webhook.ReasonWindowsPod:
		return "there is no sidecar for Windows"
	case webhook.ReasonExcludedNamespace:
		return "the injector's configuration excludes the namespace"
	}
	return "the injector's configuration decides"
}

// others writes which webhooks of other configurations are asked too.
func (p *printer) others(others []Other) {
	if len(others) == 0 {
		return
	}
	p.paragraph("  ", "Asked about this pod too, by other webhook configurations:", nil)
	for _, other := range others {
		text := other.Webhook + " of " + other.Configuration
		if other.Injector {
			text += ", an injector like this one (--injector " + other.Configuration + ")"
		}
		p.paragraph("    ", text, nil)
	}
}

// commands writes commands, which are never wrapped.
func (p *printer) commands(commands string) {
	for command := range strings.SplitSeq(commands, "\n") {
		if command != "" {
			p.line("      " + command)
		}
	}
}

func (e *Explanation) verdict() string {
	injected, not := "injected", "not injected"
	if e.State != nil && e.State.Sidecar == SidecarMissing {
		injected = "would be injected if it were created now"
	}
	if e.State != nil && e.State.Sidecar == SidecarUnwanted {
		not = "would not be injected if it were created now"
	}
	switch e.Verdict {
	case Inject:
		templates := ""
		if len(e.Templates) > 0 {
			templates = " (templates: " + strings.Join(e.Templates, ", ") + ")"
		}
		return injected + ", because " + e.Because + templates
	case Skip:
		return not + ", because " + e.Because
	case NotCalled:
		if len(e.Webhooks) == 0 {
			return not + ", because " + e.Because
		}
		return not + ", and the webhook is not even asked, because " + e.Because
	case Failed:
		return "its injection fails: " + e.Because
	default:
		return "refused by the API server, which cannot decide whether to ask: " + e.Because
	}
}

func (e *Explanation) style(styles terminal.Styles) func(string) string {
	switch e.Verdict {
	case Inject:
		return styles.Good
	case Failed, Refused:
		return styles.Bad
	}
	return styles.Heading
}

var sidecarTexts = map[Sidecar]string{
	SidecarNone:     "The pod has no sidecar, and none is due",
	SidecarCurrent:  "The pod has its sidecar, and it is that of today's templates and values",
	SidecarOutdated: "The pod has a sidecar, but an outdated one",
	SidecarOther:    "The pod has the sidecar of another injector",
	SidecarMissing:  "The pod has no sidecar",
	SidecarUnwanted: "The pod has a sidecar",
}

func (p *printer) state(e *Explanation) {
	if e.State != nil {
		text := sidecarTexts[e.State.Sidecar]
		if e.State.History != "" {
			text += ": " + e.State.History
		}
		p.paragraph("", text+".", nil)
	}
	if e.Pods != nil {
		p.paragraph("", e.Pods.String(), nil)
	}
	if e.Renew != nil {
		p.paragraph("", e.Renew.How, nil)
		p.commands(e.Renew.Command)
	}
}

// String counts them in a sentence.
func (p *Pods) String() string {
	with, without := fmt.Sprintf("%d have a sidecar", p.With), fmt.Sprintf("%d have none", p.Without)
	if p.Outdated > 0 {
		with += fmt.Sprintf(" (%d of them an outdated one)", p.Outdated)
	}
	if p.Other > 0 {
		without += fmt.Sprintf(" of this injector (%d of them another's)", p.Other)
	}
	return fmt.Sprintf("Of its live pods %s and %s.", with, without)
}

func (p *printer) call(call *selection.Call) {
	if call.Called {
		p.paragraph("  ", call.Webhook+": asked", nil)
		return
	}
	verb := "not asked"
	if call.Refused {
		verb = "cannot be decided"
	}
	p.paragraph("  ", fmt.Sprintf("%s: %s, %s", call.Webhook, verb, call.Why()), nil)
	check, _ := call.Failed()
	if check.Wanted != "" && check.Field != selection.CheckRules {
		p.paragraph("    ", check.Field+" wants: "+check.Wanted, nil)
	}
	if check.Saw != "" && check.Field == selection.CheckMatchCondition {
		p.paragraph("    ", check.Saw, nil)
	}
}

// step writes a rule; unasked says that nobody asks it.
func (p *printer) step(step webhook.Step, unasked bool) {
	mark, says, style := "  ", "no", (func(string) string)(nil)
	if step.Applies {
		says = "skip"
		if step.Inject {
			says = "inject"
		}
		says += " (" + string(step.Reason) + ")"
	}
	switch {
	case step.Decided && unasked:
		mark, says = "> ", "would say "+says+", and decide"
	case step.Decided:
		mark, style = "> ", p.styles.Heading
		says += ", and this rule decides"
	case step.Applies:
		says = "would say " + says
	}
	p.paragraph(fmt.Sprintf("%s%2d. ", mark, step.Rule), step.When+"? "+says, style)
	p.paragraph("      ", step.Saw, nil)
}

// heading writes a heading with a remark beside it; empty is none.
func (p *printer) heading(text, remark string) {
	p.line("")
	if remark == "" {
		p.line(p.styles.Heading(text) + ":")
		return
	}
	p.paragraph("", text+" ("+remark+"):", p.styles.Heading)
}
