package lint

import (
	"context"
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/internal/files"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// webhooks compares the webhook configuration in a file, such as the output of helm template, with what the configuration and
// the trigger of its profile want; none if no file is named.
func webhooks(ctx context.Context, file string, config *webhook.Config) ([]Finding, error) {
	if file == "" {
		return nil, nil
	}
	text, err := files.Read(ctx, file, configuration.FileLimit)
	if err != nil {
		return nil, fmt.Errorf("read --webhooks %q: %w", file, err)
	}
	found, err := selection.Read(text)
	if err != nil {
		return []Finding{{Rule: "webhooks", Severity: Error, File: file, Message: err.Error(), Remedy: "take what helm template renders, or kubectl get mutatingwebhookconfiguration -o yaml"}}, nil
	}
	differences, err := selection.Differences(found, config)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, text := range differences {
		findings = append(findings, Finding{Rule: "webhooks", Severity: Error, File: file, Message: fmt.Sprintf("MutatingWebhookConfiguration %q: %s", found.Name, text), Remedy: "render it with the same configuration and profile"})
	}
	return findings, nil
}
