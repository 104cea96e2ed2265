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

// profile writes, for each row of admissions, where ours spends its time and what it allocates.
func (p *parts) profile(dir string, only *regexp.Regexp, progress io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	runtime.MemProfileRate = 4096
	rows := p.admissions()
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !only.MatchString(name) {
			continue
		}
		file := filepath.Join(dir, strings.NewReplacer(",", "", "'", "", " ", "-").Replace(name))
		fmt.Fprintf(progress, "profiling %s: %s.cpu, %s.allocations\n", name, file, file)
		if err := rows[name].profile(file); err != nil {
			return fmt.Errorf("profile %q: %w", name, err)
		}
	}
	return nil
}

// profile writes two profiles. That of allocations counts all since the process began: of one row alone, or with the one
// before as -base of go tool pprof, it says what the row allocates.
func (a admissions) profile(file string) (err error) {
	const pods = 500
	reviews := reviewsFrom(a.reviews, 0, pods)
	var answer bytes.Buffer
	if err := a.ours.answer(reviews[0], &answer); err != nil {
		return err
	}
	cpu, err := os.Create(file + ".cpu")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	for next, end := 1, processor()+profileFor; processor() < end; next++ {
		if err := a.ours.answer(reviews[next%pods], &answer); err != nil {
			return err
		}
	}
	pprof.StopCPUProfile()
	allocations, err := os.Create(file + ".allocations")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocations, 0), allocations.Close())
}
