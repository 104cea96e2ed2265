package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWorkloadsOfOtherKinds: what is found in kinds that are not Kubernetes' own, where, and what is left alone.
func TestWorkloadsOfOtherKinds(t *testing.T) {
	const pod = "{metadata: {annotations: {a: b}}, spec: {containers: [{name: a, image: a:1}]}}"
	cases := map[string]struct {
		kind, rest string
		want       []string
		unknown    bool
	}{
		"a Rollout":                       {"argoproj.io/v1alpha1 Rollout", "spec: {template: " + pod + "}", []string{"spec.template"}, false},
		"a template without metadata":     {"example.com/v1 Runner", "spec: {template: {spec: {containers: [{name: a, image: b}]}}}", []string{"spec.template"}, false},
		"a CronJob of another group":      {"example.com/v1 CronJob", "spec: {jobTemplate: {spec: {template: " + pod + "}}}", []string{"spec.jobTemplate.spec.template"}, false},
		"a ScaledJob":                     {"keda.sh/v1alpha1 ScaledJob", "spec: {jobTargetRef: {template: " + pod + "}}", []string{"spec.jobTargetRef.template"}, false},
		"a field named for it":            {"example.com/v1 Runner", "spec: {podTemplate: " + pod + ", workerPodTemplate: " + pod + "}", []string{"spec.podTemplate", "spec.workerPodTemplate"}, false},
		"a JobSet":                        {"jobset.x-k8s.io/v1alpha2 JobSet", "spec: {replicatedJobs: [{name: a, template: {spec: {template: " + pod + "}}}, {name: b, template: {spec: {template: " + pod + "}}}]}", []string{"spec.replicatedJobs[0].template.spec.template", "spec.replicatedJobs[1].template.spec.template"}, false},
		"a map of templates":              {"kubeflow.org/v1 PyTorchJob", "spec: {pytorchReplicaSpecs: {Master: {template: " + pod + "}, Worker: {template: " + pod + "}}}", []string{"spec.pytorchReplicaSpecs.Master.template", "spec.pytorchReplicaSpecs.Worker.template"}, false},
		"of OpenShift's old version":      {"v1 DeploymentConfig", "spec: {template: " + pod + "}", []string{"spec.template"}, false},
		"a Ray cluster":                   {"ray.io/v1 RayCluster", "spec: {headGroupSpec: {template: " + pod + "}, workerGroupSpecs: [{template: " + pod + "}]}", []string{"spec.headGroupSpec.template", "spec.workerGroupSpecs[0].template"}, false},
		"a Spark application":             {"sparkoperator.k8s.io/v1beta2 SparkApplication", "spec: {driver: {cores: 1}}", nil, true},
		"a Tekton run":                    {"tekton.dev/v1 PipelineRun", "spec: {pipelineRef: {name: a}}", nil, true},
		"a Workflow":                      {"argoproj.io/v1alpha1 Workflow", "spec: {templates: [{name: a, container: {image: b}}]}", nil, true},
		"a Workflow with a script":        {"argoproj.io/v1alpha1 Workflow", "spec: {templates: [{name: a, script: {image: b, source: c}}]}", nil, true},
		"a Workflow of another's":         {"argoproj.io/v1alpha1 Workflow", "spec: {workflowTemplateRef: {name: a}}", nil, true},
		"a Rollout of another's":          {"argoproj.io/v1alpha1 Rollout", "spec: {workloadRef: {kind: Deployment, name: web}}", nil, true},
		"containers without a template":   {"monitoring.coreos.com/v1 Prometheus", "spec: {containers: [{name: a}]}", nil, true},
		"a template with parameters":      {"example.com/v1 Runner", "spec: {podTemplate: {spec: {containers: [{name: '{{ .name }}', image: b}]}}}", nil, true},
		"a template that is none":         {"example.com/v1 Runner", "spec: {podTemplate: {spec: {containers: [{name: a, image: b, ports: [{containerPort: '${PORT}'}]}]}}}", nil, true},
		"OpenShift's Template":            {"template.openshift.io/v1 Template", "objects: [{apiVersion: apps/v1, kind: Deployment, spec: {template: " + pod + "}}]", nil, true},
		"an object inside of another":     {"example.com/v1 Composition", "spec: {resources: [{base: {apiVersion: apps/v1, kind: Deployment, spec: {template: " + pod + "}}}]}", nil, true},
		"no pods":                         {"example.com/v1 Route", "spec: {template: {host: a}, image: b}", nil, false},
		"a CustomResourceDefinition":      {"apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {versions: [{template: " + pod + ", schema: {openAPIV3Schema: {properties: {template: " + pod + "}}}}]}", nil, false},
		"a schema elsewhere":              {"example.com/v1 Schema", "spec: {schema: {template: " + pod + "}, openAPIV3Schema: {template: " + pod + "}}", nil, false},
		"a ConfigMap":                     {"v1 ConfigMap", "data: {template: \"" + pod + "\"}\nspec: {template: " + pod + "}", nil, false},
		"data of any kind":                {"example.com/v1 Map", "data: {template: " + pod + "}", nil, false},
		"a policy's patch":                {"kyverno.io/v1 ClusterPolicy", "spec: {rules: [{mutate: {patchStrategicMerge: {spec: {template: " + pod + "}}}}]}", nil, false},
		"a policy's pattern":              {"kyverno.io/v1 ClusterPolicy", "spec: {rules: [{validate: {pattern: {spec: {template: " + pod + "}}, anyPattern: [{template: " + pod + "}]}}]}", nil, false},
		"a chart's values":                {"helm.toolkit.fluxcd.io/v2 HelmRelease", "spec: {values: {podTemplate: " + pod + "}, valuesObject: {template: " + pod + "}}", nil, false},
		"the state of an object":          {"example.com/v1 Runner", "status: {template: " + pod + "}", nil, false},
		"an annotation's template":        {"example.com/v1 Runner", "metadata: {name: x, template: " + pod + "}", nil, false},
		"a Service":                       {"v1 Service", "spec: {template: " + pod + "}", nil, false},
		"another template in a template":  {"example.com/v1 Runner", "spec: {template: {spec: {template: " + pod + ", containers: [{name: a, image: b}]}}}", []string{"spec.template"}, false},
		"a name that ends in another way": {"example.com/v1 Runner", "spec: {pod: " + pod + "}", nil, true},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			version, kind, _ := strings.Cut(c.kind, " ")
			metadata := "metadata: {name: x}\n"
			if sentence == "an annotation's template" {
				metadata = ""
			}
			documents, err := Parse("x.yaml", []byte("apiVersion: "+version+"\nkind: "+kind+"\n"+metadata+c.rest+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			err = Visit(&documents[0], func(at Place) error {
				found, unknown, err := WorkloadsOf(at)
				if unknown != c.unknown {
					t.Errorf("unknown is %v, want %v", unknown, c.unknown)
				}
				for i := range found {
					got = append(got, found[i].FieldPath())
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("templates (-want +got):\n%s", diff)
			}
		})
	}
}
