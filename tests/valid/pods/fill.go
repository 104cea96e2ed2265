package pods

import (
	"maps"
	"math/rand"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
)

// newFiller returns what fills a PodSpec with a shape: which fields are set, and how many elements lists have. Strings and
// numbers in it are put in afterwards. Few fields are set but for one of the pod and one of each container, so that what
// lies deep is reached too.
func newFiller(source rand.Source) *randfill.Filler {
	dense := filler(source, 0.2)
	return filler(source, 0.8).Funcs(
		func(s *corev1.PodSpec, c randfill.Continue) { fillSpec(s, c, dense) },
		func(s *corev1.Container, c randfill.Continue) { fillContainer(s, c, dense) },
	)
}

// filler leaves each field that can be nil unset with the chance.
func filler(source rand.Source, nilChance float64) *randfill.Filler {
	return randfill.New().RandSource(source).NilChance(nilChance).NumElements(1, 2).Funcs(
		fillEnv, fillRequirements, fillResources,
		oneOf[corev1.VolumeSource], oneOf[corev1.VolumeProjection], oneOf[corev1.EnvVarSource], oneOf[corev1.EnvFromSource],
		oneOf[corev1.ProbeHandler], oneOf[corev1.LifecycleHandler], oneOf[corev1.PodResourceClaim],
		func(s *string, _ randfill.Continue) { *s = "x" },
		func(i *int32, _ randfill.Continue) { *i = 1 },
		func(i *int64, _ randfill.Continue) { *i = 1 },
		func(q *resource.Quantity, _ randfill.Continue) { *q = resource.MustParse("1") },
		func(p *intstr.IntOrString, c randfill.Continue) {
			*p = intstr.FromInt32(8080)
			if c.Intn(3) == 0 {
				*p = intstr.FromString("x")
			}
		},
		func(m *map[string]string, c randfill.Continue) {
			*m = map[string]string{}
			for range c.Intn(3) {
				(*m)[labelKeys[c.Intn(len(labelKeys))]] = "x"
			}
		},
		func(m *metav1.ObjectMeta, _ randfill.Continue) { m.Labels = map[string]string{"app": "x"} },
	)
}

// oneOf fills a struct of which one pointer alone is to be set, and the fields that are none.
func oneOf[T any](p *T, c randfill.Continue) {
	value := reflect.ValueOf(p).Elem()
	var choices []reflect.Value
	for i := range value.NumField() {
		if field := value.Field(i); field.Kind() == reflect.Pointer {
			choices = append(choices, field)
		} else {
			c.Fill(field.Addr().Interface())
		}
	}
	chosen := choices[c.Intn(len(choices))]
	chosen.Set(reflect.New(chosen.Type().Elem()))
	c.Fill(chosen.Interface())
}

// fillDensely fills one field of a struct that can be nil.
func fillDensely(object any, c randfill.Continue, dense *randfill.Filler) {
	value := reflect.ValueOf(object).Elem()
	var choices []reflect.Value
	for i := range value.NumField() {
		if field := value.Field(i); field.Kind() == reflect.Pointer || field.Kind() == reflect.Slice {
			choices = append(choices, field)
		}
	}
	dense.Fill(choices[c.Intn(len(choices))].Addr().Interface())
}

// fillSpec gives a pod one to three containers, and half of the pods init containers.
func fillSpec(s *corev1.PodSpec, c randfill.Continue, dense *randfill.Filler) {
	c.FillNoCustom(s)
	fillDensely(s, c, dense)
	s.Containers = make([]corev1.Container, 1+c.Intn(3))
	for i := range s.Containers {
		c.Fill(&s.Containers[i])
	}
	s.InitContainers = nil
	if c.Intn(2) == 0 {
		s.InitContainers = make([]corev1.Container, 1+c.Intn(2))
		for i := range s.InitContainers {
			c.Fill(&s.InitContainers[i])
		}
	}
	s.EphemeralContainers = nil // a pod cannot be created with them
}

// fillContainer leaves some fields of a container unset that have no pointer to be nil.
func fillContainer(c *corev1.Container, r randfill.Continue, dense *randfill.Filler) {
	r.FillNoCustom(c)
	for _, list := range []any{&c.Ports, &c.Env, &c.EnvFrom, &c.VolumeMounts, &c.VolumeDevices, &c.Command, &c.Args, &c.ResizePolicy, &c.RestartPolicyRules, &c.Resources} {
		if r.Intn(2) == 0 {
			reflect.ValueOf(list).Elem().SetZero()
		}
	}
	fillDensely(c, r, dense)
}

// fillEnv gives a variable a value or a source.
func fillEnv(e *corev1.EnvVar, c randfill.Continue) {
	e.Name, e.Value = "x", "x"
	if c.Intn(2) == 0 {
		e.Value, e.ValueFrom = "", &corev1.EnvVarSource{}
		c.Fill(e.ValueFrom)
	}
}

// fillRequirements requests of each resource at most what the limit is, and the same where it must be the same.
func fillRequirements(r *corev1.ResourceRequirements, c randfill.Continue) {
	c.FillNoCustom(r)
	for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
		if !overcommitted[name] || c.Intn(2) == 0 {
			delete(r.Requests, name)
		}
	}
}

var overcommitted = map[corev1.ResourceName]bool{corev1.ResourceCPU: true, corev1.ResourceMemory: true, corev1.ResourceEphemeralStorage: true}

func fillResources(l *corev1.ResourceList, c randfill.Continue) {
	*l = corev1.ResourceList{}
	for _, name := range []corev1.ResourceName{"cpu", "cpu", "memory", "memory", "ephemeral-storage", "hugepages-2Mi", "example.com/gpu"} {
		if c.Intn(3) == 0 {
			(*l)[name] = resource.MustParse("1")
		}
	}
}
