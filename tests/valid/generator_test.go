package valid

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

func TestGenerator(t *testing.T) {
	server, err := newAPIServer()
	if err != nil {
		t.Fatal(err)
	}
	g := pods.Generator{Seed: 1}
	coverage := pods.Coverage{}
	valid, errs := 0, map[string]int{}
	left := map[string]int{}
	start := time.Now()
	for i := range 2000 {
		pod, err := g.Pod(i)
		if err != nil {
			t.Fatal(err)
		}
		ok, err := pods.Prune(pod, server.judge)
		if err != nil {
			errs[err.Error()]++
		}
		if ok {
			valid++
			coverage.Note(pod)
		} else {
			text, _ := json.Marshal(pod)
			p, err := server.receive(text)
			if err == nil {
				err = server.validate(p)
			}
			left[fmt.Sprint(err)]++
		}
	}
	missed, all := coverage.Missed()
	t.Log(valid, time.Since(start), len(missed), all, missed)
	for e, n := range errs {
		t.Log(n, e)
	}
	for e, n := range left {
		t.Log(n, e)
	}
}
