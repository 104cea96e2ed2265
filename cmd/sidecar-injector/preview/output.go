package preview

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest/edit"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Format is a form of output.
type Format string

const (
	// FormatDiff is, per workload, a line with the decision and then the unified diff of its YAML.
	FormatDiff Format = "diff"
	// FormatYAML is all documents, those that nothing changed byte for byte as they came, unless they have something that is
	// unsafe on a terminal.
	FormatYAML Format = "yaml"
	// FormatKYAML is all objects in KYAML, with their comments.
	FormatKYAML Format = "kyaml"
	// FormatJSON is all objects as JSON, one after the other.
	FormatJSON Format = "json"
	// FormatPatch is the JSON patch of the pod template: of one workload the bare patch, of any other number one JSON
	// object per workload that names it, with the patch in it.
	FormatPatch Format = "patch"
	// FormatReview is the AdmissionReview of each workload that the webhook is asked about: the API server's request and
	// the answer.
	FormatReview Format = "review"
	// FormatName is the names of the workloads that change, as kubectl prints them.
	FormatName Format = "name"
)

// formats are all formats, the default first.
var formats = []Format{FormatDiff, FormatYAML, FormatKYAML, FormatJSON, FormatPatch, FormatReview, FormatName}

// ParseFormat returns the format of that name, or a template as kubectl takes it (jsonpath=…, go-template=…, and -file of
// both), checked. The error lists the formats.
func ParseFormat(name string) (Format, error) { return parseFormat(name, formats) }

// ParseRemovalFormat is ParseFormat for removals, about which nobody is asked: they know no FormatReview.
func ParseRemovalFormat(name string) (Format, error) {
	return parseFormat(name, slices.DeleteFunc(slices.Clone(formats), func(f Format) bool { return f == FormatReview }))
}

func parseFormat(name string, among []Format) (Format, error) {
	if isTemplate(Format(name)) {
		format, err := inline(Format(name))
		if err == nil {
			_, err = printerOf(format)
		}
		return format, err
	}
	var names []string
	for _, format := range among {
		if name == string(format) {
			return format, nil
		}
		names = append(names, string(format))
	}
	return "", fmt.Errorf("unknown output format %q, want one of %s, jsonpath=, go-template=", name, strings.Join(names, ", "))
}

// Printed is what is printed of a preview.
type Printed struct {
	Text []byte
	// Warnings are the webhook's, each a line that names the workload.
	Warnings []string
	// Changed says whether any workload changes.
	Changed bool
	// Differences are those of what the API server makes of pods, each with a line that names the workload.
	Differences []string
}

// page is what is printed of one document.
type page struct {
	text      []byte
	patches   []patchOf
	warnings  []string
	differ    []string
	workloads int
	changed   bool
}

// pageOf renders the result of the document at an index.
func pageOf(index int, result *Result, format Format) (*page, error) {
	p := &page{workloads: len(result.Workloads) + len(result.Unknown), changed: result.changed(), warnings: warnings(result, format)}
	for i := range result.Workloads {
		if w := &result.Workloads[i]; w.Difference != "" {
			p.differ = append(p.differ, result.heading(w, "the API server makes another pod than is previewed")+w.Difference)
		}
	}
	var out bytes.Buffer
	var err error
	switch format {
	case FormatDiff:
		err = renderDiff(&out, result)
	case FormatYAML:
		err = renderYAML(&out, index, result)
	case FormatKYAML:
		err = renderKYAML(&out, result)
	case FormatJSON:
		err = renderJSON(&out, result)
	case FormatPatch:
		p.patches = patchesOf(result)
	case FormatReview:
		err = renderReview(&out, result)
	case FormatName:
		renderName(&out, result)
	default:
		err = renderTemplate(&out, result, format)
	}
	p.text = bytes.Clone(out.Bytes()) // without the room that a buffer keeps: there may be thousands
	return p, err
}

// bind puts pages together; nothing is what could not be done to workloads if there are none.
func bind(pages []*page, format Format, nothing string) (*Printed, error) {
	printed := &Printed{}
	var out bytes.Buffer
	size := 0
	for _, p := range pages {
		size += len(p.text) + 1
	}
	out.Grow(size)
	var patches []patchOf
	workloads := 0
	for _, p := range pages {
		// A page begins on a line of its own, if it has anything on it.
		endLine(&out, len(p.text) > 0)
		out.Write(p.text)
		patches = append(patches, p.patches...)
		printed.Warnings = append(printed.Warnings, p.warnings...)
		printed.Differences = append(printed.Differences, p.differ...)
		printed.Changed = printed.Changed || p.changed
		workloads += p.workloads
	}
	if format == FormatDiff && workloads == 0 {
		fmt.Fprintf(&out, "no workload in the input: nothing to %s\n", nothing)
	}
	if err := renderPatches(&out, patches); err != nil {
		return nil, err
	}
	printed.Text = out.Bytes()
	return printed, nil
}

// warnings are those of a result; what is not known of it is one where the output has no line for it.
func warnings(result *Result, format Format) []string {
	var lines []string
	for _, unknown := range result.Unknown {
		if format != FormatDiff {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", result.Document.Source, unknown, manifest.UnknownPods))
		}
	}
	for _, w := range result.Workloads {
		for _, warning := range w.Warnings {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", result.Document.Source, w.title(), strings.Join(strings.Fields(warning), " ")))
		}
	}
	return lines
}

// heading is a line about a workload, which names it and where it stands.
func (r *Result) heading(w *Workload, text string) string {
	return terminal.Text(r.Document.Source+": "+w.title()+": "+text) + "\n"
}

// title names a workload for people.
func (w *Workload) title() string {
	title := w.Kind + " " + w.Namespace + "/" + w.Name
	if w.Template != "" {
		title += " (" + w.Template + ")"
	}
	return title
}

// verdict is what was decided, and why.
func (w *Workload) verdict() string {
	switch {
	case w.NotCalled != "":
		return "not called (" + w.NotCalled + ")"
	case w.Templates != "":
		return fmt.Sprintf("%s (%s; templates: %s)", w.Decision, w.Reason, strings.ReplaceAll(w.Templates, ",", ", "))
	}
	return fmt.Sprintf("%s (%s)", w.Decision, w.Reason)
}

// changed says whether the output has to be written anew.
func (r *Result) changed() bool {
	for i := range r.Workloads {
		if r.Workloads[i].Patch != nil {
			return true
		}
	}
	return false
}

func renderYAML(out *bytes.Buffer, index int, result *Result) error {
	text, err := textOf(result)
	if err != nil {
		return err
	}
	if text, err = edit.Safe(text, result.Object); err != nil {
		return fmt.Errorf("encode %s: %w", result.Document, err)
	}
	separator := terminal.SafeText(result.Document.Separator)
	if index > 0 && len(separator) == 0 {
		separator = []byte("---\n")
	}
	if len(separator) > 0 { // A mark of the byte order may only stand where the output begins.
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	out.Write(separator)
	endLine(out, len(text) > 0)
	out.Write(text)
	return nil
}

func renderKYAML(out *bytes.Buffer, result *Result) error {
	text, err := textOf(result)
	if err != nil {
		return err
	}
	if text, err = edit.KYAML(text, result.Object); err != nil {
		return fmt.Errorf("encode %s: %w", result.Document, err)
	}
	out.Write(text)
	return nil
}

// endLine ends a line that lacks its end, so that what follows does not continue it.
func endLine(out *bytes.Buffer, needed bool) {
	if needed && out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
		out.WriteByte('\n')
	}
}

// textOf is the document's text afterwards: comments, order and form of what did not change are as they came.
func textOf(result *Result) ([]byte, error) {
	text, err := result.Document.Text()
	if err != nil || !result.changed() {
		return text, err
	}
	if text, err = edit.Apply(text, result.Document.Object, result.Object); err != nil {
		return nil, fmt.Errorf("encode %s: %w", result.Document, err)
	}
	return text, nil
}

func renderJSON(out *bytes.Buffer, result *Result) error {
	switch {
	case result.Object == nil: // Comments alone.
	case result.Document.JSON:
		text, err := textOf(result)
		if err != nil {
			return err
		}
		out.Write(bytes.TrimSpace(text))
		endLine(out, true)
	default:
		if err := encode(out, result.Object); err != nil {
			return fmt.Errorf("encode %s: %w", result.Document, err)
		}
	}
	return nil
}

// patchOf is a patch and what it applies to.
type patchOf struct {
	Source     string          `json:"source"`
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Namespace  string          `json:"namespace"`
	Name       string          `json:"name"`
	Pointer    string          `json:"pointer"`
	Patch      templates.Patch `json:"patch"`
}

func patchesOf(result *Result) []patchOf {
	var patches []patchOf
	for _, w := range result.Workloads {
		patch := w.Patch
		if patch == nil {
			patch = templates.Patch{}
		}
		patches = append(patches, patchOf{result.Document.Source, w.APIVersion, w.Kind, w.Namespace, w.Name, w.Pointer, patch})
	}
	return patches
}

func renderPatches(out *bytes.Buffer, patches []patchOf) error {
	if len(patches) == 1 {
		return encode(out, patches[0].Patch)
	}
	for _, patch := range patches {
		if err := encode(out, patch); err != nil {
			return err
		}
	}
	return nil
}

// encode writes indented JSON in which <, > and & stand as they are.
func encode(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
