package edit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// movingTexts are pods with the container sidecar-proxy in one of two lists, and comments from #1 on, one after the other.
var movingTexts = map[string]string{
	"in block style": `spec:
  containers:
  #1
  - name: sidecar-proxy   #2
    image: "auto"

    #3
    resources:
      limits: {memory: 2Gi}   #4
    #5
  - name: app #6
    image: nginx:1
`,
	"the last one": `spec:
  containers:
  - name: app #1
  #2
  - image: auto #3
    name: sidecar-proxy
    args: #4
    - |
      # no comment
      a
    #5
  #6
`,
	"the only one, lists indented": `spec:
    containers:
        - name: sidecar-proxy #1
          env:
              - name: A #2
                value: "# no comment" #3
`,
	"beside others of its new list": `spec:
  initContainers:
  #1
  - name: first #2
  - name: second #3
  containers:
  - name: sidecar-proxy #4
    #5
    image: auto
  #6
  - name: app #7
`,
	"in brackets": `spec:
  containers: [
    #1
    {name: sidecar-proxy, image: auto}, #2
    #3
    {name: app, image: "nginx#1"}, #4
  ]
`,
	"in brackets, the last one": `spec:
  containers: [
    {name: app}, #1
    #2
    {name: sidecar-proxy, #3
     image: auto} #4
    #5
  ]
`,
	"in brackets, from a list to another": `spec:
  containers: [
    {name: sidecar-proxy}, #1
    #2
    {name: app} #3
  ]
  initContainers: [
    #4
    {name: first}, #5
  ]
`,
	"in brackets, to a list in one line": `spec: {
  containers: [
    {name: sidecar-proxy}, #1
    {name: app} #2
  ],
  initContainers: [{name: first}], #3
}
`,
	"in brackets, to no list": `spec: {
  #1
  containers: [
    #2
    {name: app}, #3
    {name: sidecar-proxy}, #4
  ] #5
}
`,
	"from brackets to block style": `spec:
  containers: [
    {name: sidecar-proxy, image: auto}, #1
    {name: app}] #2
  initContainers: #3
  - name: first #4
`,
	"from block style to brackets": `spec:
  containers:
  #1
  - name: sidecar-proxy #2
  - name: app #3
  initContainers: [{name: first}] #4
`,
	"comments of its list": `spec:
  #1
  containers: #2
  #3
  - name: sidecar-proxy #4
  #5
  volumes: [] #6
`,
	"comments of its list, in brackets": `spec: {
  #1
  containers: [ #2
    {name: sidecar-proxy}, #3
  ], #4
  #5
  volumes: [], #6
}
`,
	"an anchor in it": `spec:
  containers:
  - name: sidecar-proxy #1
    env: &env [{name: A}] #2
  - name: app #3
`,
}

// moveTo moves sidecar-proxy into a list behind others, with more fields than it had.
func moveTo(object map[string]any, list string) map[string]any {
	spec := object["spec"].(map[string]any)
	for _, from := range []string{"containers", "initContainers"} {
		elements, _ := spec[from].([]any)
		at := indexOf(elements, "sidecar-proxy")
		if at < 0 {
			continue
		}
		container := elements[at].(map[string]any)
		container["image"] = "envoy:1"
		container["restartPolicy"] = "Always"
		container["args"] = []any{"--log-level", "warning", "--concurrency", "$(SIDECAR_CPU_LIMIT)", "--disable-hot-restart"}
		if spec[from] = append(append([]any{}, elements[:at]...), elements[at+1:]...); len(elements) == 1 {
			delete(spec, from)
		}
		there, _ := spec[list].([]any)
		spec[list] = append(append([]any{}, there...), container)
		break
	}
	return object
}

func comments(text string) (all []string) {
	for _, line := range strings.Split(text, "\n") {
		if at := strings.LastIndex(line, "#"); at >= 0 && at+2 == len(strings.TrimRight(line, "\r")) {
			all = append(all, line[at:at+2])
		}
	}
	return all
}

// TestMovedComments: whatever the style, no comment is lost or doubled when a container changes lists, and back.
func TestMovedComments(t *testing.T) {
	for sentence, text := range movingTexts {
		for _, nl := range []string{"\n", "\r\n"} {
			t.Run(sentence, func(t *testing.T) {
				text := "apiVersion: v1\nkind: Pod\nmetadata: {name: a} #0\n" + text
				want := comments(text)
				raw := strings.ReplaceAll(text, "\n", nl)
				for _, list := range []string{"initContainers", "containers", "initContainers"} {
					after := moveTo(object(t, raw), list)
					changed, ok := edited([]byte(raw), object(t, raw), after)
					if !ok {
						t.Fatalf("to %s: the text would be written anew", list)
					}
					raw = string(changed)
					found := map[string]int{}
					for _, comment := range comments(raw) {
						found[comment]++
					}
					for _, comment := range want {
						if found[comment] != 1 {
							t.Errorf("to %s: comment %s is there %d times:\n%s", list, comment, found[comment], raw)
						}
					}
				}
			})
		}
	}
}

// TestMovedText: a container in block style goes with its own text, and comments stay beside what they are about.
func TestMovedText(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	for sentence, c := range map[string]struct{ before, want string }{
		"into a new list": {movingTexts["in block style"], `spec:
  containers:
  - name: app #6
    image: nginx:1
  initContainers:
  #1
  - name: sidecar-proxy   #2
    image: "envoy:1"

    #3
    resources:
      limits: {memory: 2Gi}   #4
    args:
    - --log-level
    - warning
    - --concurrency
    - $(SIDECAR_CPU_LIMIT)
    - --disable-hot-restart
    restartPolicy: Always
    #5
`},
		"beside others": {movingTexts["beside others of its new list"], `spec:
  initContainers:
  #1
  - name: first #2
  - name: second #3
  - name: sidecar-proxy #4
    #5
    image: envoy:1
    args:
    - --log-level
    - warning
    - --concurrency
    - $(SIDECAR_CPU_LIMIT)
    - --disable-hot-restart
    restartPolicy: Always
  containers:
  #6
  - name: app #7
`},
		"from brackets to block style": {movingTexts["from brackets to block style"], `spec:
  containers: [
    {name: app}] #2
  initContainers: #3
  - name: first #4
  #1
  - name: sidecar-proxy
    image: envoy:1
    args:
    - --log-level
    - warning
    - --concurrency
    - $(SIDECAR_CPU_LIMIT)
    - --disable-hot-restart
    restartPolicy: Always
`},
	} {
		t.Run(sentence, func(t *testing.T) {
			before := object(t, head+c.before)
			got, ok := edited([]byte(head+c.before), before, moveTo(object(t, head+c.before), "initContainers"))
			if !ok {
				t.Fatal("the text would be written anew")
			}
			if diff := cmp.Diff(head+c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMovedCommentsAtRandom moves containers between lists of random texts: lines in block style or in brackets, with a
// comment behind or above any of them.
func TestMovedCommentsAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text, count := randomLists(random)
		raw := []byte(text)
		for _, list := range []string{"initContainers", "containers"} {
			before := object(t, string(raw))
			changed, ok := edited(raw, before, moveTo(object(t, string(raw)), list))
			if !ok {
				t.Fatalf("to %s: the text would be written anew:\n%s", list, raw)
			}
			for i := range count {
				if n := strings.Count(string(changed), fmt.Sprintf("#%d.", i)); n != 1 {
					t.Fatalf("to %s: comment #%d. is there %d times in\n%s\nof\n%s", list, i, n, changed, raw)
				}
			}
			raw = changed
		}
	}
}

// randomLists returns a pod with containers in two lists, and how many comments it has.
func randomLists(random *rand.Rand) (text string, count int) {
	comment := func() string {
		if random.IntN(2) == 0 {
			return ""
		}
		count++
		return fmt.Sprintf(" #%d.", count-1)
	}
	var out strings.Builder
	line := func(indent int, text string) {
		if above := comment(); above != "" && random.IntN(2) == 0 {
			out.WriteString(strings.Repeat(" ", indent) + above[1:] + "\n")
		} else {
			text += above
		}
		out.WriteString(strings.Repeat(" ", indent) + text + "\n")
	}
	out.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n")
	line(2, "restartPolicy: Always")
	names := [][]string{{"sidecar-proxy", "app"}, {"first"}}
	if random.IntN(2) == 0 {
		names[0] = []string{"app", "sidecar-proxy"}
	}
	for i, list := range []string{"containers", "initContainers"} {
		if i == 1 && random.IntN(2) == 0 {
			break
		}
		if random.IntN(3) == 0 {
			line(2, list+": [")
			for _, name := range names[i] {
				line(4, "{name: "+name+", image: \"a#b\"},")
			}
			line(2, "]")
			continue
		}
		line(2, list+":")
		for _, name := range names[i] {
			line(2, "- name: "+name)
			if random.IntN(2) == 0 {
				line(4, "env:")
				line(4, "- {name: A, value: b}")
			}
			line(4, "image: 'a # b'")
		}
	}
	line(2, "hostname: a")
	return out.String(), count
}
