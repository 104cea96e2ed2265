package preview

import (
	"bytes"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

func renderReview(out *bytes.Buffer, result *Result) error {
	for i := range result.Workloads {
		admitted := result.Workloads[i].Admission
		if admitted == nil {
			continue
		}
		review := admissionv1.AdmissionReview{
			TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
			Request:  &admitted.Request.AdmissionRequest,
			Response: &admitted.Response.AdmissionResponse,
		}
		if err := encode(out, &review); err != nil {
			return fmt.Errorf("encode the review of %s: %w", result.Workloads[i].title(), err)
		}
	}
	return nil
}

// renderName prints TYPE/NAME of what changes; the type has its group behind it, as kubectl prints it.
func renderName(out *bytes.Buffer, result *Result) {
	for i := range result.Workloads {
		w := &result.Workloads[i]
		if w.Patch == nil {
			continue
		}
		kind := strings.ToLower(w.Kind)
		if group, _, grouped := strings.Cut(w.APIVersion, "/"); grouped {
			kind += "." + group
		}
		line := terminal.Text(kind+"/"+w.Name) + "\n"
		if w.Template != "" && bytes.HasSuffix(out.Bytes(), []byte(line)) {
			continue // another template of the same object
		}
		out.WriteString(line)
	}
}
