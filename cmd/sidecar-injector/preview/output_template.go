package preview

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// templateForms begin the formats that are a template of the user's: each is printed with every object after injection.
var templateForms = []string{"jsonpath=", "jsonpath-file=", "go-template=", "go-template-file="}

// isTemplate says whether a format is one of them.
func isTemplate(format Format) bool {
	for _, form := range templateForms {
		if strings.HasPrefix(string(format), form) {
			return true
		}
	}
	return false
}

// inline returns a format with the template in place of the file that holds it.
func inline(format Format) (Format, error) {
	name, path, _ := strings.Cut(string(format), "=")
	name, isFile := strings.CutSuffix(name, "-file")
	if !isFile {
		return format, nil
	}
	text, err := files.Read(context.Background(), path, templateLimit)
	if err != nil {
		return "", fmt.Errorf("read %q: %w", path, err)
	}
	return Format(name + "=" + string(text)), nil
}

// templateLimit is how many bytes a file with such a template may have.
const templateLimit = 1 << 20

// printerOf returns kubectl's printer for such a format.
func printerOf(format Format) (printers.ResourcePrinter, error) {
	return genericclioptions.NewKubeTemplatePrintFlags().ToPrinter(string(format))
}

func renderTemplate(out *bytes.Buffer, result *Result, format Format) error {
	if result.Object == nil {
		return nil
	}
	printer, err := printerOf(format)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := printer.PrintObj(&unstructured.Unstructured{Object: result.Object}, &text); err != nil {
		return fmt.Errorf("print %s: %w", result.Document, err)
	}
	out.Write(terminal.SafeText(text.Bytes()))
	endLine(out, true)
	return nil
}
