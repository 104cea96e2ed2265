package webhook

import (
	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// bare takes what controller-runtime would add of a request to a logger out: some of it twice, and none of it cut.
func bare(base logr.Logger, _ *admission.Request) logr.Logger { return base }

// withRequest returns a logger that says which request its lines are about, each key once. What comes from whoever asks is
// cut.
func withRequest(base logr.Logger, req *admission.Request) logr.Logger {
	return base.WithValues("uid", quote.Cut(string(req.UID)), "namespace", quote.Cut(req.Namespace), "name", quote.Cut(req.Name),
		"user", quote.Cut(req.UserInfo.Username))
}

// workloadOf says, as keys and values for a log, where a pod comes from: most have no name yet when they are admitted.
func workloadOf(pod map[string]any) []any {
	var about []any
	metadata := templates.Child(pod, "metadata")
	if name, ok := metadata["generateName"].(string); ok && name != "" {
		about = append(about, "generateName", quote.Cut(name))
	}
	if owner := controllerOf(pod); owner != nil {
		about = append(about, "owner", quote.Cut(owner.Kind+"/"+owner.Name))
	}
	return about
}
