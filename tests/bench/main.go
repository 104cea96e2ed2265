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
	program := flags.String("program", "", "the `file` of the program, to measure the memory of serve")
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
	rows, measured := p.rows(), results{}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !expression.MatchString(name) {
			continue
		}
		fmt.Fprintf(progress, "measuring %s\n", name)
		if err := rows[name](*rounds, measured); err != nil {
			return fmt.Errorf("measure %q: %w", name, err)
		}
	}
	missed := measured.write(out)
	if *check && len(missed) > 0 {
		return fmt.Errorf("goals missed: %d: %s", len(missed), strings.Join(missed, "; "))
	}
	return nil
}
