package templates

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"text/template"

	corev1 "k8s.io/api/core/v1"
)

// wordData is what the tests of words call functions with.
var wordData = map[string]any{
	"Spec": corev1.PodSpec{Containers: []corev1.Container{
		{Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {ContainerPort: 9090}}},
		{Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8081}, {Name: "admin", ContainerPort: 70}}},
	}},
	"Taken": []any{"data"},
}

// callWord calls a function as a template does.
func callWord(call string) (string, error) {
	parsed, err := template.New("t").Funcs(functions()).Parse("{{ " + call + " }}")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = parsed.Execute(&out, wordData)
	return out.String(), err
}

func TestWords(t *testing.T) {
	for call, want := range map[string]string{
		`parseBool "k" "T"`:                                     "true",
		`parseBool "k" false`:                                   "false",
		`between "k" 0 9 "7"`:                                   "7",
		`addresses "k" "10.0.0.0/8, 1.2.3.4,::1"`:               "10.0.0.0/8,1.2.3.4,::1",
		`userIDs "k" "7, 8"`:                                    "7,8",
		`shellWords "k" "a 'b c' \"d e\" f\\ g # h" | join "|"`: "a|b c|d e|f g",
		`shellWords "k" "" | len`:                               "0",
		`flatten (list (list (list) "a") (splitList "," "b,c") 1) | toJSON`: `["a","b","c",1]`,
		`portNumber .Spec "http"`:                                                     "8080",
		`portNumber .Spec "admin,http"`:                                               "70",
		`portNumber .Spec "0x50"`:                                                     "80",
		`portNumber .Spec "none"`:                                                     "0",
		`portFrom "k" 1024 .Spec "http"`:                                              "8080",
		`portFrom "k" 0 .Spec "0"`:                                                    "0",
		`volumes "k" "[{\"name\":\"uv\",\"emptyDir\":{}}]" .Taken | toJSON`:           `[{"emptyDir":{},"name":"uv"}]`,
		`volumeMounts "k" "[{\"name\":\"uv\",\"mountPath\":\"/d\"}]" .Taken | toJSON`: `[{"mountPath":"/d","name":"uv"}]`,
	} {
		if got, err := callWord(call); err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", call, got, err, want)
		}
	}
}

func TestWrongWords(t *testing.T) {
	for call, want := range map[string]string{
		`parseBool "k" "x"`:                                        `"x" is not allowed, want true or false`,
		`between "k" 1 9 "10"`:                                     `"10" is not a whole number from 1 to 9`,
		`between "k" 1 9 "1.5"`:                                    `"1.5" is not a whole number from 1 to 9`,
		`addresses "k" "10.0.0.0/8,host"`:                          `"host" is not an IP address or an IP range such as 10.0.0.0/8; a list is separated by commas`,
		`addresses "k" "fe80::1%eth0"`:                             `"fe80::1%eth0" is not an IP address or an IP range such as 10.0.0.0/8; a list is separated by commas`,
		`userIDs "k" "root"`:                                       `"root" is not the number of a user; a list is separated by commas`,
		`shellWords "k" "a 'b"`:                                    `"a 'b" does not end as it begins, want every quote closed and a character behind every backslash`,
		`shellWords "k" "a\\"`:                                     `"a\\" does not end as it begins, want every quote closed and a character behind every backslash`,
		`portFrom "k" 1024 .Spec "admin"`:                          `"admin" is not a port (1024 to 65535), nor the name of one in a container of the pod`,
		`portFrom "k" 0 .Spec "none"`:                              `"none" is not a port (0 to 65535), nor the name of one in a container of the pod`,
		`portFrom "k" 1 .Spec "65536"`:                             `"65536" is not a port (1 to 65535), nor the name of one in a container of the pod`,
		`volumes "k" "{}" .Taken`:                                  `"{}" is not a JSON list such as [{"name":"data","emptyDir":{}}]`,
		`volumes "k" "[] []" .Taken`:                               `"[] []" is not a JSON list such as [{"name":"data","emptyDir":{}}]`,
		`volumes "k" "[{\"$patch\":\"delete\"}]" .Taken`:           `"[{\"$patch\":\"delete\"}]" is not a JSON list such as [{"name":"data","emptyDir":{}}]`,
		`volumes "k" "[{\"name\":\"data\"}]" .Taken`:               `"data" is the name of an element, want one that nothing else of the pod has`,
		`volumeMounts "k" "[{\"name\":\"a\"}]" .Taken`:             `"" is the mountPath of an element, want one that nothing else of the pod has`,
		`volumes "k" "[{\"name\":\"a\"},{\"name\":\"a\"}]" .Taken`: `"a" is the name of an element, want one that nothing else of the pod has`,
	} {
		_, err := callWord(call)
		if got := fmt.Sprint(err); !strings.HasSuffix(got, `annotation "k": `+want) {
			t.Errorf("%s:\n got %s\nwant %s", call, got, want)
		}
	}
}

// FuzzShellQuote runs a shell with a quoted word, after the kubelet has expanded what stands in the command: what comes out is
// the word, whatever it holds.
func FuzzShellQuote(f *testing.F) {
	for _, word := range []string{"", "web", `"`, `\`, "`id`", "$(id)", "$HOME", "$$", "$$(id)", "${A}", "a\nb", "'", `\"; id; "`, "$(POD_NAME)", "\\\n", "!", "é\u2028"} {
		f.Add(word)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("NOT RUN: there is no sh, which reads what is quoted")
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.ContainsRune(word, 0) { // no argument of a program holds one
			return
		}
		script := kubeletExpands("printf %s " + quoteForShell(word))
		got, err := exec.Command(shell, "-ec", script).Output()
		if err != nil || string(got) != word {
			t.Errorf("%q came out of %q as %q (%v)", word, script, got, err)
		}
	})
}

// kubeletExpands is what the kubelet does to a command: $(NAME) becomes the value of a variable, and $$ one dollar sign.
func kubeletExpands(command string) string {
	var b strings.Builder
	for i := 0; i < len(command); i++ {
		rest := command[i:]
		switch name, closed := strings.CutPrefix(rest, "$("); {
		case strings.HasPrefix(rest, "$$"):
			b.WriteByte('$')
			i++
		case closed && strings.Contains(name, ")"):
			b.WriteString("EXPANDED")
			i += 2 + strings.Index(name, ")")
		default:
			b.WriteByte(command[i])
		}
	}
	return b.String()
}
