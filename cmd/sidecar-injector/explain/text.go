package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Write writes explanations for people, in lines of at most 80 characters where words allow it.
func Write(out io.Writer, explained []Explanation, styles terminal.Styles) error {
	p := &printer{styles: styles}
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
}

func (p *printer) explanation(e *Explanation) {
	p.paragraph("", fmt.Sprintf("%s %s/%s: %s", e.Kind, e.Namespace, e.Name, e.verdict()), e.style(p.styles))
	p.state(e)
	p.heading("Who is asked")
	for i := range e.Webhooks {
		p.call(&e.Webhooks[i])
	}
	if len(e.Webhooks) == 0 {
		p.paragraph("  ", "nobody: no webhook of an injector is installed", nil)
	}
	if len(e.Rules) > 0 {
		p.heading("The rules, in order of precedence")
		for _, step := range e.Rules {
			p.step(step)
		}
	}
	for _, warning := range e.Warnings {
		p.paragraph("warning: ", warning, nil)
	}
	if len(e.Remedies) > 0 {
		p.heading("What would make it different")
		for _, remedy := range e.Remedies {
			p.paragraph("  - ", remedy.Change, nil)
			for command := range strings.SplitSeq(remedy.Command, "\n") {
				if command != "" {
					p.line("      " + command)
				}
			}
		}
	}
}

func (e *Explanation) verdict() string {
	switch e.Verdict {
	case Inject:
		templates := ""
		if len(e.Templates) > 0 {
			templates = " (templates: " + strings.Join(e.Templates, ", ") + ")"
		}
		return "injected, because " + e.Because + templates
	case Skip:
		return "not injected, because " + e.Because
	case NotCalled:
		return "not injected, and the webhook is not even asked, because " + e.Because
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
	SidecarNone:     "The pod has no sidecar, and none is due.",
	SidecarCurrent:  "The pod has its sidecar, and it is that of today's templates and values.",
	SidecarOutdated: "The pod has a sidecar, but an outdated one",
	SidecarOther:    "The pod has the sidecar of another injector.",
	SidecarMissing:  "The pod has no sidecar, though it would get one if it were created now",
	SidecarUnwanted: "The pod has a sidecar, though it would get none if it were created now",
}

func (p *printer) state(e *Explanation) {
	if e.State != nil {
		text := sidecarTexts[e.State.Sidecar]
		if e.State.History != "" {
			text += ": " + e.State.History + "."
		}
		p.paragraph("", text, nil)
		if e.State.Sidecar == SidecarMissing || e.State.Sidecar == SidecarOutdated || e.State.Sidecar == SidecarUnwanted {
			p.paragraph("", "A new pod is what helps: delete this one, or restart the workload that makes it.", nil)
		}
	}
	if e.Pods != nil {
		p.paragraph("", fmt.Sprintf("Of its live pods %d have a sidecar and %d have none.", e.Pods.With, e.Pods.Without), nil)
		if e.Verdict == Inject && e.Pods.Without > 0 || e.Verdict != Inject && e.Pods.With > 0 {
			p.line(fmt.Sprintf("  kubectl rollout restart %s/%s -n %s", strings.ToLower(e.Kind), e.Name, e.Namespace))
		}
	}
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
	if check, _ := call.Failed(); check.Wanted != "" && check.Field != selection.CheckRules {
		p.paragraph("    ", check.Field+" wants: "+check.Wanted, nil)
	}
}

func (p *printer) step(step webhook.Step) {
	mark, says, style := "  ", "no", (func(string) string)(nil)
	if step.Applies {
		says = "skip"
		if step.Inject {
			says = "inject"
		}
		says += " (" + string(step.Reason) + ")"
	}
	if step.Decided {
		mark, style = "> ", p.styles.Heading
		says += ", and that decides"
	} else if step.Applies {
		says = "would say " + says
	}
	p.paragraph(fmt.Sprintf("%s%2d. ", mark, step.Rule), step.When+"? "+says, style)
	p.paragraph("      ", step.Saw, nil)
}

func (p *printer) heading(text string) {
	p.line("")
	p.line(p.styles.Heading(text) + ":")
}
