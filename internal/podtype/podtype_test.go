package podtype

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func at(path string) *Type {
	t := Pod()
	for field := range strings.SplitSeq(path, ".") {
		if field == "*" {
			t = t.Elem()
		} else {
			t = t.Field(field)
		}
	}
	return t
}

// What the type says of some fields, so that a reader sees it and a change shows.
func TestPod(t *testing.T) {
	type facts struct {
		Kind               Kind
		Keys               []string
		MergeKey           string
		Merges, Zero, Rnds bool
		Default            any
	}
	for path, want := range map[string]facts{
		"spec":                                                           {Kind: Object, Zero: true},
		"spec.containers":                                                {Kind: List, Keys: []string{"name"}, MergeKey: "name", Merges: true, Zero: true},
		"spec.containers.*":                                              {Kind: Object},
		"spec.containers.*.ports":                                        {Kind: List, Keys: []string{"containerPort", "protocol"}, MergeKey: "containerPort", Merges: true, Zero: true},
		"spec.containers.*.ports.*.protocol":                             {Kind: String, Zero: true, Default: "TCP"},
		"spec.containers.*.args":                                         {Kind: List, Zero: true},
		"spec.containers.*.resources":                                    {Kind: Object, Zero: true},
		"spec.containers.*.resources.limits":                             {Kind: Map, Zero: true},
		"spec.containers.*.resources.limits.cpu":                         {Kind: Quantity, Rnds: true},
		"spec.containers.*.resources.claims":                             {Kind: List, Keys: []string{"name"}, Zero: true},
		"spec.containers.*.readinessProbe":                               {Kind: Object},
		"spec.containers.*.readinessProbe.periodSeconds":                 {Kind: Int32, Zero: true, Default: int64(10)},
		"spec.containers.*.readinessProbe.httpGet.port":                  {Kind: IntOrString},
		"spec.containers.*.securityContext.runAsUser":                    {Kind: Int64},
		"spec.containers.*.tty":                                          {Kind: Boolean, Zero: true},
		"spec.ephemeralContainers.*.image":                               {Kind: String, Zero: true},
		"spec.initContainers.*.volumeMounts":                             {Kind: List, Keys: []string{"mountPath"}, MergeKey: "mountPath", Merges: true, Zero: true},
		"spec.volumes":                                                   {Kind: List, Keys: []string{"name"}, MergeKey: "name", Merges: true, Zero: true},
		"spec.volumes.*.emptyDir":                                        {Kind: Object},
		"spec.volumes.*.emptyDir.sizeLimit":                              {Kind: Quantity},
		"spec.volumes.*.secret.defaultMode":                              {Kind: Int32, Default: int64(420)},
		"spec.securityContext":                                           {Kind: Object, Default: map[string]any{}},
		"spec.topologySpreadConstraints":                                 {Kind: List, Keys: []string{"topologyKey", "whenUnsatisfiable"}, MergeKey: "topologyKey", Merges: true, Zero: true},
		"spec.tolerations":                                               {Kind: List, Zero: true},
		"metadata.labels":                                                {Kind: Map, Zero: true},
		"metadata.labels.x":                                              {Kind: String},
		"metadata.finalizers":                                            {Kind: List, Merges: true, Zero: true},
		"metadata.creationTimestamp":                                     {Kind: String, Zero: true},
		"spec.volumes.*.ephemeral.volumeClaimTemplate.metadata.labels.a": {Kind: String},
		"spec.unknown.field":                                             {},
	} {
		of := at(path)
		got := facts{of.Kind(), of.ListKeys(), of.MergeKey(), of.Merges(), of.DropsZero(), of.RoundsUp(), nil}
		got.Default, _ = of.FilledIn()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestOneOf(t *testing.T) {
	for path, want := range map[string][]string{
		"spec.containers.*.livenessProbe httpGet":       {"exec", "grpc", "tcpSocket"},
		"spec.containers.*.livenessProbe periodSeconds": nil,
		"spec.containers.*.lifecycle.preStop exec":      {"httpGet", "sleep", "tcpSocket"},
		"spec.containers.*.env.* value":                 {"valueFrom"},
		"spec.containers.*.env.* name":                  nil,
		"spec.containers.*.envFrom.* secretRef":         {"configMapRef"},
		"spec.containers.*.env.*.valueFrom fieldRef":    {"configMapKeyRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"},
		"spec.volumes.* name":                           nil,
		"spec.unknown a":                                nil,
	} {
		path, field, _ := strings.Cut(path, " ")
		if diff := cmp.Diff(want, at(path).OneOf(field)); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", field, path, diff)
		}
	}
	if sources := at("spec.volumes.*").OneOf("emptyDir"); len(sources) < 25 {
		t.Errorf("a volume has the sources %v besides emptyDir", sources)
	}
}

// Nil is valid everywhere.
func TestUnknown(t *testing.T) {
	var unknown *Type
	_, filledIn := unknown.FilledIn()
	_, def := unknown.Default("a")
	if unknown.Kind() != Unknown || unknown.Field("a") != nil || unknown.Elem() != nil || unknown.ListKeys() != nil ||
		unknown.MergeKey() != "" || unknown.Merges() || unknown.DropsZero() || unknown.Quantity() ||
		unknown.RoundsUp() || filledIn || def || unknown.OneOf("a") != nil {
		t.Error("an unknown type says something")
	}
}

// The list keys are those of the markers in the API's own source.
func TestListKeysAreThoseOfTheAPI(t *testing.T) {
	markers := listMarkers(t)
	checked := 0
	seen := map[reflect.Type]bool{}
	var walk func(goType reflect.Type)
	walk = func(goType reflect.Type) {
		for goType.Kind() == reflect.Pointer || goType.Kind() == reflect.Slice || goType.Kind() == reflect.Map {
			goType = goType.Elem()
		}
		if goType.Kind() != reflect.Struct || seen[goType] || goType.PkgPath() != "k8s.io/api/core/v1" {
			return
		}
		seen[goType] = true
		known := builder{}.of(goType)
		for i := range goType.NumField() {
			field := goType.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			walk(field.Type)
			if name == "" || field.Type.Kind() != reflect.Slice {
				continue
			}
			checked++
			if diff := cmp.Diff(markers[goType.Name()+"."+field.Name], known.Field(name).ListKeys()); diff != "" {
				t.Errorf("keys of %s.%s (-markers +ours):\n%s", goType.Name(), name, diff)
			}
		}
	}
	walk(reflect.TypeFor[corev1.Pod]())
	if checked < 60 {
		t.Errorf("only %d lists were compared", checked)
	}
}

// listMarkers returns the values of +listMapKey by struct and field.
func listMarkers(t *testing.T) map[string][]string {
	t.Helper()
	source, err := build.Import("k8s.io/api/core/v1", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(source.Dir, "types.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			return false
		}
		for _, field := range fields.Fields.List {
			for _, comment := range fieldComments(field) {
				if key, ok := strings.CutPrefix(comment.Text, "// +listMapKey="); ok {
					at := spec.Name.Name + "." + field.Names[0].Name
					keys[at] = append(keys[at], key)
				}
			}
		}
		return false
	})
	return keys
}

func fieldComments(field *ast.Field) []*ast.Comment {
	if field.Doc == nil || len(field.Names) == 0 {
		return nil
	}
	return field.Doc.List
}
