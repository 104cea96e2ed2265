package check

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/manifests"
)

// Before checks whether an injector can be installed. The error says that the API server cannot be asked.
func Before(ctx context.Context, o BeforeOptions) (*Report, error) {
	report := &Report{OK: true}
	if err := checkVersion(report, o.Discovery); err != nil {
		return nil, err
	}
	objects, err := chartObjects()
	if err != nil {
		return nil, err
	}
	kubernetes := report.section(groupKubernetes)
	checkPermissions(ctx, kubernetes, o, objects)
	checkGrants(ctx, kubernetes, o.Client, objects)
	checkCertManager(ctx, report.section(groupCertManager), o.Cluster)
	t := &target{client: o.Client, name: o.Name, config: o.Config, webhooks: o.Webhooks}
	checkPods(ctx, report.section(groupPods), t)
	return report, ctx.Err()
}

// The groups of checks.
const (
	groupKubernetes  = "Kubernetes"
	groupCertManager = "cert-manager"
	groupInjector    = "Injector"
	groupCertificate = "Certificate"
	groupPods        = "Pods"
)

// oldest is the oldest minor version of Kubernetes that the chart takes, as its kubeVersion says.
const oldest = 30

var versionPattern = regexp.MustCompile(`^v?1\.([0-9]+)`)

// checkVersion checks the API server's version. The error is that it cannot be asked.
func checkVersion(report *Report, discovery Discovery) error {
	info, err := discovery.ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	s := report.section(groupKubernetes)
	minor := -1
	if found := versionPattern.FindStringSubmatch(info.GitVersion); found != nil {
		minor, _ = strconv.Atoi(found[1])
	}
	switch {
	case minor < 0:
		s.add("version", Warning, "", "%q is no version that is known; 1.%d or later is needed", info.GitVersion, oldest)
	case minor < oldest:
		s.add("version", Failed, "upgrade the cluster", "it is %s; 1.%d or later is needed", info.GitVersion, oldest)
	default:
		s.ok("version", "it is %s; 1.%d or later is needed", info.GitVersion, oldest)
	}
	return nil
}

// chartObjects returns the objects that the chart installs with its defaults.
func chartObjects() ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests.Install))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the chart's objects: %w", err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("read the chart's objects: %w", err)
		}
		if object.Object != nil {
			objects = append(objects, object)
		}
	}
}

// checkPermissions checks whether whoever asks may create what the chart installs, and Helm's own record of it.
func checkPermissions(ctx context.Context, s section, o BeforeOptions, objects []*unstructured.Unstructured) {
	wanted := []authorizationv1.ResourceAttributes{{Namespace: o.Namespace, Verb: "create", Resource: "secrets"}}
	for _, object := range objects {
		resource, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
		attributes := authorizationv1.ResourceAttributes{Verb: "create", Group: resource.Group, Resource: resource.Resource}
		if object.GetNamespace() != "" {
			attributes.Namespace = o.Namespace
		}
		if !slices.Contains(wanted, attributes) {
			wanted = append(wanted, attributes)
		}
	}
	var refused []string
	for i := range wanted {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &wanted[i]}}
		if err := o.Client.Create(ctx, review); err != nil {
			s.unknown("permissions", fmt.Errorf("ask what you may do: %w", err))
			return
		}
		if !review.Status.Allowed {
			refused = append(refused, strings.TrimSuffix(wanted[i].Resource+"."+wanted[i].Group, "."))
		}
	}
	if len(refused) > 0 {
		s.add("permissions", Failed, "install it as somebody who may, such as a cluster administrator", "you may not create %s", strings.Join(refused, ", "))
		return
	}
	s.ok("permissions", "you may create all %d kinds of objects that the chart installs", len(wanted))
}

// checkGrants checks whether whoever asks may grant what the chart's ClusterRoles grant: who creates one has to have its
// rights. The API server says so in a dry run.
func checkGrants(ctx context.Context, s section, connection client.Client, objects []*unstructured.Unstructured) {
	for _, object := range objects {
		if object.GetKind() != "ClusterRole" {
			continue
		}
		role := object.DeepCopy()
		role.SetName("")
		role.SetGenerateName("sidecar-injector-check-")
		if err := connection.Create(ctx, role, client.DryRunAll); apierrors.IsForbidden(err) {
			s.add("grants", Failed, "install it as somebody who has these rights, such as a cluster administrator", "you may not create ClusterRole %q: %v", object.GetName(), err)
			return
		} else if err != nil {
			s.unknown("grants", fmt.Errorf("create ClusterRole %q in a dry run: %w", object.GetName(), err))
			return
		}
	}
	s.ok("grants", "you may grant what the injector's account needs")
}
