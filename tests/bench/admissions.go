package main

import (
	"bytes"
	"fmt"
	"time"
)

// Who does the work of a row.
const (
	nameOurs   = "ours"
	nameIstios = "Istio"
	nameFloor  = "floor"
)

// admissions is a row of admissions, one after the other.
type admissions struct {
	// reviews makes the requests, by number: no two are equal.
	reviews func(number int) []byte
	wants   wants
	ours    injector
	// istios is Istio's webhook; nil: it does not take part.
	istios *injector
	// slow says that few admissions have to do: they may take seconds.
	slow bool
}

// each is about how long one of those that take part works in a round.
const each = 150 * time.Millisecond

// run measures the row, with the floor in it, whose patch has the size of ours; without, if the pods need no answer.
func (a admissions) run(rounds int) (measured, error) {
	bodies := map[int][]byte{}
	contenders := []contender{a.contender(nameOurs, a.ours, bodies)}
	if a.wants != anything {
		patch, err := a.patch()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", nameOurs, err)
		}
		contenders = append(contenders, a.contender(nameFloor, newFloor(patch), bodies))
	}
	if a.istios != nil {
		contenders = append(contenders, a.contender(nameIstios, *a.istios, bodies))
	}
	prepare := func(first, operations int) {
		clear(bodies)
		for number := first; number < first+operations; number++ {
			bodies[number] = a.reviews(number)
		}
	}
	t := turns{rounds: rounds, clock: processor, each: each, most: 2000, warmUp: 3}
	if a.slow {
		t = turns{rounds: min(rounds, 3), clock: processor, most: 1}
	}
	return t.run(prepare, contenders)
}

// patch is what ours answers for a pod that is none of those that are measured.
func (a admissions) patch() ([]byte, error) {
	var answer bytes.Buffer
	if err := a.ours.answer(a.reviews(1_000_000), &answer); err != nil {
		return nil, err
	}
	return a.wants.check(answer.Bytes())
}

func (a admissions) contender(name string, of injector, bodies map[int][]byte) contender {
	var answer bytes.Buffer
	return contender{name: name, run: func(first, operations int) error {
		for number := first; number < first+operations; number++ {
			if err := of.answer(bodies[number], &answer); err != nil {
				return err
			}
		}
		_, err := a.wants.check(answer.Bytes())
		return err
	}}
}
