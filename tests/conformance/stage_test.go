package conformance

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
)

// stage is a place in a pod with what both webhooks make of it when harmless values stand there.
type stage struct {
	arena
	place        input
	template     string
	ours, istios benign
	// read says that the template reads the place: the value stands in the pod more often than it was sent, or it is
	// one of those that are checked.
	read bool
}

// benign are the pods that a webhook makes with harmless values, by the value.
type benign map[string]map[string]any

func (b benign) add(value string, o outcome) error {
	pod, err := hostileTree(o.pod)
	b[value] = pod
	return err
}

// setStage tries "harmless", and, if that is refused, the other values that the place has for this.
func setStage(a arena, place input, template string) (*stage, error) {
	s := &stage{arena: a, place: place, template: template, ours: benign{}, istios: benign{}}
	for _, value := range append([]string{harmless}, place.fallbacks...) {
		sent, err := s.submission(value)
		if err != nil {
			return nil, err
		}
		ours, istios, err := s.ask(value)
		if err != nil {
			return nil, err
		}
		if ours.denied || istios.denied {
			continue
		}
		if err := s.ours.add(value, ours); err != nil {
			return nil, err
		}
		if err := s.istios.add(value, istios); err != nil {
			return nil, err
		}
		if value == harmless {
			s.read = bytes.Count(ours.pod, []byte(harmless)) > bytes.Count(sent.pod, []byte(harmless))
			return s, nil
		}
		s.read = true
	}
	if len(s.ours) == 0 {
		return nil, fmt.Errorf("put a harmless value there: %q and %q are refused", harmless, place.fallbacks)
	}
	return s, nil
}

// submission is the pod with a value at the place.
func (s *stage) submission(value string) (submission, error) {
	pod := hostilePod(s.template)
	s.place.set(pod, value)
	return newSubmission(pod, "shop")
}

func (s *stage) ask(value string) (ours, istios outcome, err error) {
	sent, err := s.submission(value)
	if err != nil {
		return outcome{}, outcome{}, err
	}
	if ours, err = s.arena.ours.admit(sent); err != nil {
		return outcome{}, outcome{}, fmt.Errorf("ours: %w", err)
	}
	if istios, err = s.arena.istios.admit(sent); err != nil {
		return outcome{}, outcome{}, fmt.Errorf("Istio's: %w", err)
	}
	return ours, istios, nil
}

// verdict is what became of one hostile value.
type verdict struct {
	ours, istios fate
	// needless says that we denied what could have been written.
	needless bool
	problem  string
}

// try puts a hostile value at the place. The property: its structure is that of the harmless value, or it is denied
// with an error that says where; and nothing is denied but where it cannot be written, or where Istio denies it too.
func (s *stage) try(value string) (verdict, error) {
	ours, istios, err := s.ask(value)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	var where string
	v.ours, where = judge(s.ours, ours)
	v.istios, _ = judge(s.istios, istios)
	switch {
	case v.ours == brokeOut || v.ours == panicked:
		v.problem = fmt.Sprintf("%s: %s (Istio's: %s)", v.ours, where, v.istios)
	case v.ours == denied && v.istios != denied && v.istios != panicked && !slices.Contains(s.place.bareIn, s.template):
		v.needless = true
		v.problem = fmt.Sprintf("denied, Istio's is %s: %.200s", v.istios, where)
	case v.ours == denied && !saysWhere(where):
		v.problem = fmt.Sprintf("the denial does not say where: %.200s", where)
	}
	return v, nil
}

// Denials name the annotation, or the template with line and action.
var (
	namesAnnotation = regexp.MustCompile(`annotation "[^"]+"`)
	namesTemplate   = regexp.MustCompile(`template "[^"]+" line \d+ (?s:\{\{.*\}\}): `)
)

func saysWhere(message string) bool {
	return namesAnnotation.MatchString(message) || namesTemplate.MatchString(message)
}
