package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// profileFor is how much of the processor's time ours works for a profile.
const profileFor = 3 * time.Second

// profile writes, for each row of admissions and each form of preview, where ours spends its time and what it allocates.
func (p *parts) profile(dir string, only *regexp.Regexp, progress io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	contenders := map[string]func() contender{}
	for name, row := range p.admissions() {
		contenders[name] = row.repeated
	}
	for name, run := range p.previews() {
		contenders[name] = func() contender { return ofFile(name, deployments(1000), run) }
	}
	for _, name := range slices.Sorted(maps.Keys(contenders)) {
		if !only.MatchString(name) {
			continue
		}
		file := filepath.Join(dir, strings.NewReplacer(",", "", "'", "", " ", "-").Replace(name))
		fmt.Fprintf(progress, "profiling %s: %s.cpu, %s.allocations\n", name, file, file)
		each, err := profile(contenders[name](), file)
		if err != nil {
			return fmt.Errorf("profile %q: %w", name, err)
		}
		fmt.Fprintf(progress, "  %s of the processor for each\n", each)
	}
	return nil
}

// repeated answers the same few pods again and again.
func (a admissions) repeated() contender {
	const pods = 500
	reviews := reviewsFrom(a.reviews, 0, pods)
	var answer bytes.Buffer
	return contender{run: func(first, operations int) error {
		for number := first; number < first+operations; number++ {
			if err := a.ours.answer(reviews[number%pods], &answer); err != nil {
				return err
			}
		}
		return nil
	}}
}

// profile writes two profiles, and returns what an operation costs. The profile of allocations counts all that was written
// for one since the process began: of one row alone, or with the one before as -base of go tool pprof, it says what the row
// allocates.
func profile(c contender, file string) (each time.Duration, err error) {
	runtime.MemProfileRate = 0          // to record allocations takes time too
	if err := c.run(0, 1); err != nil { // what runs for the first time is slow
		return 0, err
	}
	cpu, err := os.Create(file + ".cpu")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return 0, err
	}
	each, err = repeat(c)
	pprof.StopCPUProfile()
	if err != nil {
		return 0, err
	}
	runtime.MemProfileRate = 4096
	if _, err := repeat(c); err != nil {
		return 0, err
	}
	allocations, err := os.Create(file + ".allocations")
	if err != nil {
		return 0, err
	}
	return each, errors.Join(pprof.Lookup("allocs").WriteTo(allocations, 0), allocations.Close())
}

// repeat lets a contender work for a while, and returns what an operation costs.
func repeat(c contender) (each time.Duration, err error) {
	begin, operations := processor(), 0
	for ; processor()-begin < profileFor; operations++ {
		if err := c.run(1+operations, 1); err != nil {
			return 0, err
		}
	}
	return (processor() - begin) / time.Duration(operations), nil
}
