package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// write prints the table of what was measured, and returns the lines whose goal is missed.
func (r results) write(out io.Writer) (missed []string) {
	table := [][]string{{"measure", "ours", "Istio", "floor", "ratio", "goal", "", "allocations", "KiB"}}
	above := ""
	for _, g := range goals {
		m, ok := r[g.result]
		if !ok {
			continue
		}
		value, verdict := g.kind.value(m), ""
		if g.missed(value) {
			verdict = "missed"
			missed = append(missed, g.line)
		}
		allocations, kibibytes := "", ""
		if s := m[nameOurs]; s.allocations > 0 && g.result != above {
			allocations, kibibytes = thousands(s.allocations), thousands(s.bytes/1024)
		}
		above = g.result
		table = append(table, []string{g.line, g.cell(m, nameOurs), g.cell(m, nameIstios), g.cell(m, nameFloor),
			strings.TrimSpace(short(value) + " " + g.kind.unit), g.wanted(), verdict, allocations, kibibytes})
	}
	writeTable(out, table)
	return missed
}

// writeTable prints lines of cells in columns: the first one begins at the left, the others end at the right.
func writeTable(out io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range table {
		text := fmt.Sprintf("%-*s", widths[0], line[0])
		for i, cell := range line[1:] {
			text += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(out, strings.TrimRight(text, " "))
	}
}

// wanted shows the bound.
func (g goal) wanted() string {
	bound := strconv.FormatFloat(g.bound, 'f', -1, 64)
	switch {
	case g.bound == 0:
		return ""
	case g.kind.atLeast:
		return "≥ " + bound
	default:
		return "≤ " + bound
	}
}

// cell shows the number of one of those that take part, "" if it does not.
func (g goal) cell(m measured, name string) string {
	s, ok := m[name]
	if !ok {
		return ""
	}
	return g.kind.cell(s)
}

func inMicroseconds(s sample) string { return thousands(float64(s.time.Nanoseconds()) / 1000) }
func inAllocations(s sample) string  { return thousands(s.allocations) }
func aSecond(s sample) string        { return thousands(1/s.time.Seconds()) + "/s" }
func nothing(sample) string          { return "" }

// short shows a number with two or three digits that say something.
func short(value float64) string {
	switch {
	case value >= 100:
		return thousands(value)
	case value >= 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	default:
		return strconv.FormatFloat(value, 'f', 2, 64)
	}
}

// thousands shows a whole number with its thousands apart.
func thousands(value float64) string {
	digits := strconv.FormatFloat(value, 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
