package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// TemplatePath says where pod templates stand in the objects of a kind.
type TemplatePath struct {
	// Kind is the kind, in any case; Group its API group, empty for any.
	Kind, Group string
	// Path leads to the pod templates. "*" stands for every field of an object and every element of a list.
	Path []string
}

var (
	kindPattern  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	groupPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	fieldPattern = regexp.MustCompile(`^([^][]+)((?:\[(?:\*|[0-9]{1,9})\])*)$`)
)

// ParseTemplatePath reads KIND=PATH or KIND.GROUP=PATH, such as `Runner.example.com=spec.workers[*].pod`. The error says what
// is allowed.
func ParseTemplatePath(text string) (TemplatePath, error) {
	kind, path, found := strings.Cut(text, "=")
	var parsed TemplatePath
	var grouped bool
	parsed.Kind, parsed.Group, grouped = strings.Cut(kind, ".")
	if !found || !kindPattern.MatchString(parsed.Kind) || grouped && !groupPattern.MatchString(parsed.Group) {
		return parsed, fmt.Errorf("%q: want KIND=PATH or KIND.GROUP=PATH, such as Runner.example.com=spec.pod", text)
	}
	for field := range strings.SplitSeq(path, ".") {
		parts := fieldPattern.FindStringSubmatch(field)
		if parts == nil {
			return parsed, fmt.Errorf("%q: the path is %q, want names of fields with dots between, such as spec.workers[*].pod, and * for any field", text, path)
		}
		parsed.Path = append(parsed.Path, parts[1])
		parsed.Path = append(parsed.Path, strings.FieldsFunc(parts[2], func(r rune) bool { return r == '[' || r == ']' })...)
	}
	return parsed, nil
}

// String is what ParseTemplatePath reads.
func (p *TemplatePath) String() string {
	kind := p.Kind
	if p.Group != "" {
		kind += "." + p.Group
	}
	return kind + "=" + p.pathText()
}

func (p *TemplatePath) pathText() string { return strings.ReplaceAll(prefix(p.Path), ".*", "[*]") }

// of says whether an object is of the kind.
func (p *TemplatePath) of(at Place) bool {
	return strings.EqualFold(p.Kind, at.Kind) && (p.Group == "" || p.Group == at.Group())
}

// matches says whether the path leads to a place.
func (p *TemplatePath) matches(path []string) bool {
	return slices.EqualFunc(p.Path, path, func(pattern, field string) bool { return pattern == "*" || pattern == field })
}

// knownPaths are where the pod templates of well-known kinds stand that are not Kubernetes' own. What is there is one even
// where its containers lack a name or an image; that is an error then.
var knownPaths = parsePaths(
	"AdvancedCronJob.apps.kruise.io=spec.template.jobTemplate.spec.template",
	"AutoscalingRunnerSet.actions.github.com=spec.template",
	"BroadcastJob.apps.kruise.io=spec.template",
	"CloneSet.apps.kruise.io=spec.template",
	"Configuration.serving.knative.dev=spec.template",
	"DeploymentConfig.apps.openshift.io=spec.template",
	"Job.batch.volcano.sh=spec.tasks[*].template",
	"JobSet.jobset.x-k8s.io=spec.replicatedJobs[*].template.spec.template",
	"LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.leaderTemplate",
	"LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.workerTemplate",
	"MPIJob.kubeflow.org=spec.mpiReplicaSpecs.*.template",
	"PyTorchJob.kubeflow.org=spec.pytorchReplicaSpecs.*.template",
	"RayCluster.ray.io=spec.headGroupSpec.template",
	"RayCluster.ray.io=spec.workerGroupSpecs[*].template",
	"RayJob.ray.io=spec.rayClusterSpec.headGroupSpec.template",
	"RayJob.ray.io=spec.rayClusterSpec.workerGroupSpecs[*].template",
	"RayService.ray.io=spec.rayClusterConfig.headGroupSpec.template",
	"RayService.ray.io=spec.rayClusterConfig.workerGroupSpecs[*].template",
	"Rollout.argoproj.io=spec.template",
	"ScaledJob.keda.sh=spec.jobTargetRef.template",
	"Service.serving.knative.dev=spec.template",
	"TFJob.kubeflow.org=spec.tfReplicaSpecs.*.template",
	"TrainJob.trainer.kubeflow.org=spec.podTemplate",
	"XGBoostJob.kubeflow.org=spec.xgbReplicaSpecs.*.template",
)

func parsePaths(texts ...string) []TemplatePath {
	paths := make([]TemplatePath, len(texts))
	for i, text := range texts {
		path, err := ParseTemplatePath(text)
		if err != nil {
			panic(err) // a constant, which a test reads
		}
		paths[i] = path
	}
	return paths
}

// isKnownPath says whether the pod template of an object is known to stand at a path.
func isKnownPath(at Place, path []string) bool {
	return slices.Equal(path, templatePath) || slices.Equal(path, jobTemplatePath) ||
		slices.ContainsFunc(knownPaths, func(known TemplatePath) bool { return known.of(at) && known.matches(path) })
}

// makers are kinds that make pods though nothing in them looks like it, by group.
var makers = map[string][]string{
	"argoproj.io":                  {"ClusterWorkflowTemplate", "CronWorkflow", "EventSource", "Sensor", "Workflow", "WorkflowTemplate"},
	"flink.apache.org":             {"FlinkDeployment"},
	"kafka.strimzi.io":             {"Kafka", "KafkaBridge", "KafkaConnect", "KafkaMirrorMaker2", "KafkaNodePool"},
	"monitoring.coreos.com":        {"Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"},
	"opentelemetry.io":             {"OpenTelemetryCollector"},
	"postgresql.cnpg.io":           {"Cluster"},
	"sparkoperator.k8s.io":         {"ScheduledSparkApplication", "SparkApplication"},
	"tekton.dev":                   {"PipelineRun", "TaskRun"},
	"trainer.kubeflow.org":         {"TrainJob"},
	"workload.codeflare.dev":       {"AppWrapper"},
	"elasticsearch.k8s.elastic.co": {"Elasticsearch"},
}

// given returns the workloads of an object of whose kind somebody has said where the pod templates stand, and whether
// anybody has. That there is none then is an error.
func given(at Place) (found []Workload, is bool, err error) {
	for i := range at.Document.Paths {
		path := &at.Document.Paths[i]
		if !path.of(at) {
			continue
		}
		is = true
		before := len(found)
		eachAt(at.Object, nil, path.Path, func(place []string, value any) {
			if template, ok := value.(map[string]any); ok {
				found = append(found, Workload{Place: at, Path: slices.Clone(place), Template: template})
			}
		})
		if len(found) == before {
			return nil, true, at.Errorf("%s is missing, want a pod template, as --pod-template-path %s says", path.pathText(), path)
		}
	}
	return found, is, nil
}

// eachAt calls do with each value that a path leads to, in the order of their fields' names, and with its place.
func eachAt(value any, place, path []string, do func(place []string, value any)) {
	if len(path) == 0 {
		do(place, value)
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for _, field := range sorted(value) {
			if path[0] == "*" || path[0] == field {
				eachAt(value[field], append(place, field), path[1:], do)
			}
		}
	case []any:
		for i, element := range value {
			if number := strconv.Itoa(i); path[0] == "*" || path[0] == number {
				eachAt(element, append(place, number), path[1:], do)
			}
		}
	}
}
