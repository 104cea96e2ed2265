package listmap

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	var value any
	if err := utiljson.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func at(path string) *podtype.Type {
	t := podtype.Pod()
	for field := range strings.FieldsSeq(path) {
		if field == "*" {
			t = t.Elem()
		} else {
			t = t.Field(field)
		}
	}
	return t
}

const container = "spec containers *"

// What means the same is equal and has one canonical text, what does not is not.
func TestEqual(t *testing.T) {
	for name, test := range map[string]struct {
		at, a, b string
		equal    bool
	}{
		"cores and thousandths":                {"", `{"spec":{"containers":[{"resources":{"limits":{"cpu":"2000m"}}}]}}`, `{"spec":{"containers":[{"resources":{"limits":{"cpu":"2"}}}]}}`, true},
		"a quantity as a number":               {container, `{"resources":{"limits":{"cpu":2}}}`, `{"resources":{"limits":{"cpu":"2"}}}`, true},
		"a quantity as a fraction":             {container, `{"resources":{"limits":{"cpu":0.5}}}`, `{"resources":{"limits":{"cpu":"500m"}}}`, true},
		"mebibytes and gibibytes":              {container, `{"resources":{"limits":{"memory":"1024Mi"}}}`, `{"resources":{"limits":{"memory":"1Gi"}}}`, true},
		"a resource below a thousandth":        {container, `{"resources":{"limits":{"cpu":"100u"}}}`, `{"resources":{"limits":{"cpu":"1m"}}}`, true},
		"a size below a thousandth":            {"spec volumes * emptyDir", `{"sizeLimit":"100u"}`, `{"sizeLimit":"1m"}`, false},
		"other quantities":                     {container, `{"resources":{"limits":{"cpu":"2"}}}`, `{"resources":{"limits":{"cpu":"3"}}}`, false},
		"quantities where none are":            {container, `{"image":"2000m"}`, `{"image":"2"}`, false},
		"what is no quantity":                  {container, `{"resources":{"limits":{"cpu":"x"}}}`, `{"resources":{"limits":{"cpu":"y"}}}`, false},
		"80 and 80.0":                          {"", `{"x":80}`, `{"x":80.0}`, true},
		"a number and its text":                {container, `{"livenessProbe":{"httpGet":{"port":80}}}`, `{"livenessProbe":{"httpGet":{"port":"80"}}}`, false},
		"whole numbers beyond a float":         {"", `{"x":9007199254740993}`, `{"x":9007199254740992}`, false},
		"null and absent":                      {"", `{"x":null}`, `{}`, true},
		"null and absent where known":          {container, `{"securityContext":null}`, `{}`, true},
		"an empty text that is dropped":        {container, `{"workingDir":""}`, `{}`, true},
		"false that is dropped":                {container, `{"tty":false}`, `{}`, true},
		"false that is a choice":               {container, `{"securityContext":{"runAsNonRoot":false}}`, `{"securityContext":{}}`, false},
		"0 that is dropped":                    {container, `{"livenessProbe":{"initialDelaySeconds":0}}`, `{"livenessProbe":{}}`, true},
		"0 that is a choice":                   {"spec", `{"terminationGracePeriodSeconds":0}`, `{}`, false},
		"an empty list that is dropped":        {container, `{"args":[]}`, `{}`, true},
		"an empty object that is dropped":      {container, `{"resources":{}}`, `{}`, true},
		"an object of what is dropped":         {container, `{"resources":{"limits":{},"requests":null}}`, `{}`, true},
		"an empty object that is a choice":     {container, `{"securityContext":{}}`, `{}`, false},
		"an empty volume source":               {"spec volumes *", `{"name":"x","emptyDir":{}}`, `{"name":"x"}`, false},
		"an empty object of the API server":    {"spec", `{"securityContext":{}}`, `{}`, true},
		"an empty label":                       {"metadata", `{"labels":{"x":""}}`, `{}`, false},
		"no labels":                            {"metadata", `{"labels":{}}`, `{}`, true},
		"probe defaults":                       {container, `{"livenessProbe":{"tcpSocket":{"port":1},"periodSeconds":10,"timeoutSeconds":1,"successThreshold":1,"failureThreshold":3}}`, `{"livenessProbe":{"tcpSocket":{"port":1}}}`, true},
		"a zero that becomes a default":        {container, `{"livenessProbe":{"periodSeconds":0}}`, `{"livenessProbe":{"periodSeconds":10}}`, true},
		"another value than the default":       {container, `{"livenessProbe":{"periodSeconds":11}}`, `{"livenessProbe":{}}`, false},
		"path and scheme of a probe":           {container, `{"livenessProbe":{"httpGet":{"port":1,"path":"/","scheme":"HTTP"}}}`, `{"livenessProbe":{"httpGet":{"port":1,"scheme":""}}}`, true},
		"a port's protocol":                    {container, `{"ports":[{"containerPort":1,"protocol":"TCP"}]}`, `{"ports":[{"containerPort":1}]}`, true},
		"termination messages":                 {container, `{"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}`, `{}`, true},
		"a volume's mode":                      {"spec volumes *", `{"secret":{"defaultMode":420}}`, `{"secret":{}}`, true},
		"a volume's mode of nothing":           {"spec volumes *", `{"secret":{"defaultMode":0}}`, `{"secret":{}}`, false},
		"a divisor":                            {container, `{"env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"0"}}}]}`, `{"env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]}`, true},
		"lists in another order":               {container, `{"args":["a","b"]}`, `{"args":["b","a"]}`, false},
		"lists of another length":              {container, `{"args":["a"]}`, `{"args":["a","a"]}`, false},
		"an object and a list":                 {"", `{"x":{}}`, `{"x":[]}`, false},
		"an empty text where nothing is known": {"", `{"x":""}`, `{}`, false},
		"true and a text":                      {"", `{"x":true}`, `{"x":"true"}`, false},
		"zeros of two kinds":                   {container, `{"tty":0}`, `{"tty":""}`, true},
	} {
		a, b, of := decode(t, test.a), decode(t, test.b), at(test.at)
		if Equal(of, a, b) != test.equal || Equal(of, b, a) != test.equal {
			t.Errorf("%s: %s and %s are equal: %v", name, test.a, test.b, !test.equal)
		}
		textA, textB := string(AppendCanonical(nil, of, a)), string(AppendCanonical(nil, of, b))
		if (textA == textB) != test.equal {
			t.Errorf("%s: the canonical texts are %s and %s", name, textA, textB)
		}
		if !Equal(of, a, a) || !Equal(of, a, decode(t, test.a)) || !Equal(of, a, decode(t, textA)) {
			t.Errorf("%s: %s does not equal itself or %s", name, test.a, textA)
		}
	}
}

// Values of every kind have the text of encoding/json where nothing is to be made canonical.
func TestAppendJSON(t *testing.T) {
	for _, text := range []string{
		`null`, `{}`, `[]`, `{"b":[1,-2,3.5,true,false,null],"a":{"x":""}}`,
		`1e-7`, `1e21`, `1e-9`, `123456789.125`, `1e300`, `0.000001`, `9223372036854775807`, `-0.0`,
		`"<a href=\"x\">&amp;\\\b\f\n\r\t\u0001\u2028\u2029é\ud83d\ude00"`, `"\ufffd"`,
	} {
		value := decode(t, text)
		want, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(AppendJSON(nil, value))); diff != "" {
			t.Errorf("%s (-encoding/json +ours):\n%s", text, diff)
		}
	}
	for _, value := range []any{"a\xffb\xc3", []any(nil), map[string]any(nil), 7, int32(7), float32(1.5)} {
		want, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(AppendJSON(nil, value))); diff != "" {
			t.Errorf("%v (-encoding/json +ours):\n%s", value, diff)
		}
	}
}

func FuzzAppendJSON(f *testing.F) {
	f.Add(`{"a":["<",1.5e-9,null]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		want, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendJSON(nil, value); string(got) != string(want) {
			t.Errorf("%s: encoding/json says %s, AppendJSON %s", text, want, got)
		}
	})
}

// A leaf that the API server replaces has the text of what it becomes.
func TestCanonicalLeaf(t *testing.T) {
	for path, texts := range map[string][2]string{
		container + " resources limits cpu":        {`"2000m"`, `"2"`},
		container + " livenessProbe periodSeconds": {`0`, `10`},
		container + " terminationMessagePolicy":    {`""`, `"File"`},
		"spec volumes * secret defaultMode":        {`0`, `0`},
		"spec volumes * emptyDir sizeLimit":        {`"0.5Gi"`, `"512Mi"`},
		"spec unknown":                             {`80.0`, `80`},
	} {
		if got := string(AppendCanonical(nil, at(path), decode(t, texts[0]))); got != texts[1] {
			t.Errorf("%s: %s is %s, want %s", path, texts[0], got, texts[1])
		}
	}
}

// What is taken for canonical without being read is.
func TestIsCanonical(t *testing.T) {
	short := 0
	for _, number := range []string{"", "0", "1", "7", "10", "500", "999", "1000", "1001", "1024", "2048", "15000", "010", "-1", "+1", "1.5", "999999999999999", "1000000000000000", "9999999999999999999"} {
		for _, suffix := range []string{"", "m", "u", "n", "k", "K", "Ki", "M", "Mi", "G", "Gi", "T", "Ti", "e3", "i", "mi", "x"} {
			if !isCanonical(number + suffix) {
				continue
			}
			short++
			for _, path := range []string{container + " resources limits cpu", "spec volumes * emptyDir sizeLimit"} {
				if q, ok := quantity(at(path), number+suffix); !ok || q.String() != number+suffix {
					t.Errorf("%s%s is stored as %v", number, suffix, q.String())
				}
			}
		}
	}
	if short < 30 {
		t.Errorf("only %d quantities need not be read", short)
	}
}

func TestKey(t *testing.T) {
	for name, test := range map[string]struct{ at, element, key string }{
		"a container":                     {"spec containers", `{"name":"app"}`, "name=app"},
		"a container without a name":      {"spec containers", `{"image":"a"}`, ""},
		"a port":                          {container + " ports", `{"containerPort":53,"name":"dns"}`, "containerPort=53/TCP"},
		"a port of another protocol":      {container + " ports", `{"containerPort":53,"protocol":"UDP"}`, "containerPort=53/UDP"},
		"a port with an empty protocol":   {container + " ports", `{"containerPort":53,"protocol":""}`, "containerPort=53/TCP"},
		"a port without a number":         {container + " ports", `{"name":"dns"}`, ""},
		"a mount":                         {container + " volumeMounts", `{"name":"v","mountPath":"/a"}`, "mountPath=/a"},
		"a device":                        {container + " volumeDevices", `{"name":"v","devicePath":"/a"}`, "devicePath=/a"},
		"a host alias":                    {"spec hostAliases", `{"ip":"1.2.3.4"}`, "ip=1.2.3.4"},
		"a spread constraint":             {"spec topologySpreadConstraints", `{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}`, "topologyKey=zone/DoNotSchedule"},
		"an owner":                        {"metadata ownerReferences", `{"name":"n","uid":"u"}`, "uid=u"},
		"a header, whose list is atomic":  {container + " livenessProbe httpGet httpHeaders", `{"name":"A"}`, ""},
		"a toleration, of an atomic list": {"spec tolerations", `{"key":"a"}`, ""},
		"a scalar":                        {container + " args", `"a"`, ""},
		"by name where nothing is known":  {"spec unknown", `{"name":"a"}`, "name=a"},
		"by path where nothing is known":  {"spec unknown", `{"name":"a","mountPath":"/b"}`, "mountPath=/b"},
		"by port where nothing is known":  {"spec unknown", `{"name":"a","containerPort":1}`, "containerPort=1/TCP"},
		"an object in a list":             {"", `{"kind":"Pod","metadata":{"name":"a","namespace":"b"}}`, "object=Pod/b/a"},
		"nothing that is known":           {"spec unknown", `{"a":1}`, ""},
	} {
		key, ok := Key(at(test.at), decode(t, test.element))
		if key != test.key || ok != (test.key != "") {
			t.Errorf("%s: the key is %q, %v, want %q", name, key, ok, test.key)
		}
	}
}

// Pair keeps as many elements as there are in a longest common subsequence, with and without keys and repeats.
func TestPairKeepsMost(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		list := at("spec containers")
		element := func(i int) any { return map[string]any{"name": fmt.Sprint(i), "tty": random.IntN(2) == 0} }
		switch random.IntN(4) {
		case 0:
			list = at(container + " args")
			element = func(i int) any { return fmt.Sprint(i) }
		case 1:
			list = at("spec tolerations")
			element = func(i int) any { return map[string]any{"key": fmt.Sprint(i)} }
		case 2:
			list = nil
			element = func(i int) any { return []any{map[string]any{"name": fmt.Sprint(i)}, int64(i), nil}[random.IntN(3)] }
		}
		before, after := make([]any, random.IntN(9)), make([]any, random.IntN(9))
		for _, l := range [][]any{before, after} {
			for i := range l {
				l[i] = element(random.IntN(7))
			}
		}
		from := Pair(list, before, after)
		kept, last := 0, -1
		for i, place := range from {
			if place < 0 {
				continue
			}
			kept++
			if place <= last || !sameElement(list, list.Elem(), before[place], after[i]) {
				t.Fatalf("Pair(%v, %v) = %v: %d is not in order or not the same", before, after, from, i)
			}
			last = place
		}
		if want := longestCommon(list, before, after); kept != want {
			t.Fatalf("Pair(%v, %v) = %v keeps %d, want %d", before, after, from, kept, want)
		}
	}
}

// longestCommon is the length of a longest common subsequence, by the quadratic textbook method.
func longestCommon(list *podtype.Type, before, after []any) int {
	length := make([][]int, len(before)+1)
	length[len(before)] = make([]int, len(after)+1)
	for i := len(before) - 1; i >= 0; i-- {
		length[i] = make([]int, len(after)+1)
		for j := len(after) - 1; j >= 0; j-- {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if sameElement(list, list.Elem(), before[i], after[j]) {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	return length[0][0]
}

func TestMatch(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		want          []int
	}{
		"what moved is the same":   {`[{"name":"a"},{"name":"b"}]`, `[{"name":"b","v":1},{"name":"c"},{"name":"a"}]`, []int{1, -1, 0}},
		"repeats in order":         {`["a","b","a"]`, `["a","a","a","b"]`, []int{0, 2, -1, 1}},
		"what has no key is equal": {`[{"a":1},{"a":2}]`, `[{"a":2},{"a":3}]`, []int{1, -1}},
		"nothing":                  {`[]`, `[1]`, []int{-1}},
	} {
		got := Match(nil, decode(t, test.before).([]any), decode(t, test.after).([]any))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Long lists cost what their length says, also those that repeat one element or stand the other way round.
func BenchmarkPair(b *testing.B) {
	named := func(n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"name": fmt.Sprint(i)}
		}
		return list
	}
	same := func(n int) []any { return slices.Repeat([]any{"x"}, n) }
	for name, lists := range map[string]func(n int) (before, after []any){
		"first to last": func(n int) (before, after []any) {
			before = named(n)
			return before, append(slices.Clone(before[1:]), before[0])
		},
		"reversed": func(n int) (before, after []any) {
			before, after = named(n), named(n)
			slices.Reverse(after)
			return before, after
		},
		"one repeated": func(n int) (before, after []any) {
			return append([]any{"a"}, same(n)...), append(same(n/2), "b")
		},
	} {
		for _, n := range []int{1_000, 10_000} {
			before, after := lists(n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Pair(nil, before, after)
				}
			})
		}
	}
}
