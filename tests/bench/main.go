package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", err)
		os.Exit(1)
	}
}

func run(arguments []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	check := flags.Bool("check", false, "fail where a goal is missed")
	only := flags.String("only", "", "measure only the rows that this regular `expression` matches")
	rounds := flags.Int("rounds", 15, "how many `rounds` to take the median of")
	program := flags.String("program", "", "the `file` of the program, to measure the memory of serve; without it, it is not measured")
	profiles := flags.String("profile", "", "write profiles of what ours spends in each row to this `folder`, and measure nothing")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	expression, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("read -only: %w", err)
	}
	p, err := newParts(*program)
	if err != nil {
		return err
	}
	if *profiles != "" {
		return p.profile(*profiles, expression, progress)
	}
	measured := results{}
	err = p.measure(expression, *rounds, measured, progress)
	missed := measured.write(out)
	if err == nil && *check && len(missed) > 0 {
		err = fmt.Errorf("goals missed: %d: %s", len(missed), strings.Join(missed, "; "))
	}
	return err
}

// measure measures the rows whose names match. What it has measured before an error stays.
func (p *parts) measure(only *regexp.Regexp, rounds int, into results, progress io.Writer) error {
	rows := p.rows()
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !only.MatchString(name) {
			continue
		}
		fmt.Fprintf(progress, "measuring %s\n", name)
		if err := rows[name](rounds, into); err != nil {
			return fmt.Errorf("measure %q: %w", name, err)
		}
	}
	return nil
}
