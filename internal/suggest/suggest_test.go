package suggest

import "testing"

func TestQuestion(t *testing.T) {
	known := []string{"image", "logLevel", "resources", "uid", "gid"}
	cases := map[string]struct{ unknown, want string }{
		"a letter is missing":         {"logLvel", ` (did you mean "logLevel"?)`},
		"two letters are swapped":     {"iamge", ` (did you mean "image"?)`},
		"another case":                {"LOGLEVEL", ` (did you mean "logLevel"?)`},
		"a short name, one letter":    {"uidd", ` (did you mean "uid"?)`},
		"a short name, two letters":   {"xxd", ""},
		"nothing like it":             {"replicas", ""},
		"letters of several bytes":    {"imäge", ` (did you mean "image"?)`},
		"the nearest of several wins": {"gidd", ` (did you mean "gid"?)`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := Question(Name(c.unknown, known)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
