//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// recordedGraphs is what `make dashboard-record` wrote: the answers to the dashboard's queries, a value for each step. Null: none.
type recordedGraphs struct {
	Panels []recordedGraph
}

type recordedGraph struct {
	Title, Unit string
	Series      []struct {
		Name   string
		Values []*float64
	}
}

// Measures of a graph, in pixels, and the seconds between two values.
const (
	graphWidth, graphHeight = 460, 170
	graphLeft, graphTop     = 56, 34
	graphGap, legendHeight  = 16, 18
	legendColumns           = 2
	graphSeconds            = 2
)

var graphColours = []string{"#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#b877d9", "#4ec9d8", "#d4d4d4"}

// graphs is an SVG of all recorded panels, in two columns.
func graphs(t *testing.T, text []byte) []byte {
	t.Helper()
	var recorded recordedGraphs
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	legends := 0 // rows of the longest
	for _, panel := range recorded.Panels {
		legends = max(legends, (len(panel.Series)+legendColumns-1)/legendColumns)
	}
	cellWidth, cellHeight := graphLeft+graphWidth+2*graphGap, graphTop+graphHeight+22+legends*legendHeight+2*graphGap
	var cells strings.Builder
	for i, panel := range recorded.Panels {
		fmt.Fprintf(&cells, `<g transform="translate(%d %d)">`+"\n%s</g>\n", graphGap+i%2*cellWidth, graphGap+i/2*cellHeight, panel.draw())
	}
	width, height := 2*cellWidth+graphGap, (len(recorded.Panels)+1)/2*cellHeight
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `+
		`font-family="system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="12" fill="#d4d4d4">`+
		"\n<title>The dashboard's graphs of two replicas</title>\n"+`<rect width="100%%" height="100%%" rx="8" fill="#1e1e1e"/>`+"\n%s</svg>\n",
		width, height, cells.String())
}

// draw is one graph: its title, axes, lines and their names.
func (p recordedGraph) draw() string {
	var out strings.Builder
	fmt.Fprintf(&out, `<text x="0" y="16" font-size="14" font-weight="600" fill="#ffffff">%s</text>`+"\n", escaped(p.Title))
	most, steps := 0.0, 1
	for _, line := range p.Series {
		steps = max(steps, len(line.Values)-1)
		for _, value := range line.Values {
			if value != nil {
				most = max(most, *value)
			}
		}
	}
	tick := niceStep(most / 3)
	top := tick * math.Ceil(most/tick)
	y := func(value float64) float64 { return graphTop + graphHeight*(1-value/top) }
	x := func(step int) float64 { return graphLeft + graphWidth*float64(step)/float64(steps) }
	for value := 0.0; value <= top*1.001; value += tick {
		fmt.Fprintf(&out, `<path d="M%d %.1fh%d" stroke="#3a3a3a"/><text x="%d" y="%.1f" text-anchor="end" fill="#9a9a9a">%s</text>`+"\n",
			graphLeft, y(value), graphWidth, graphLeft-6, y(value)+4, escaped(inUnit(value, p.Unit)))
	}
	for second := 0; second <= steps*graphSeconds; second += 30 {
		fmt.Fprintf(&out, `<text x="%.1f" y="%d" text-anchor="middle" fill="#9a9a9a">%d:%02d</text>`+"\n",
			x(second/graphSeconds), graphTop+graphHeight+16, second/60, second%60)
	}
	for i, line := range p.Series {
		colour := graphColours[i%len(graphColours)]
		var path strings.Builder
		pen := "M"
		for step, value := range line.Values {
			if value == nil {
				pen = "M"
				continue
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, x(step), y(*value))
			pen = "L"
		}
		column, row := i%legendColumns, i/legendColumns
		left, under := graphLeft+column*graphWidth/legendColumns, graphTop+graphHeight+38+row*legendHeight
		fmt.Fprintf(&out, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", path.String(), colour)
		fmt.Fprintf(&out, `<path d="M%d %dh14" stroke="%s" stroke-width="3"/><text x="%d" y="%d">%s</text>`+"\n",
			left, under-4, colour, left+20, under, escaped(line.Name))
	}
	return out.String()
}

// niceStep is 1, 2 or 5 times a power of ten, and not less than the given step; 1 if nothing is given.
func niceStep(least float64) float64 {
	if least <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least*0.999 {
			return factor * power
		}
	}
	return 10 * power
}

// inUnit writes a value of an axis.
func inUnit(value float64, unit string) string {
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', 3, 64) }
	switch {
	case unit == "s" && value != 0 && value < 1:
		return number(value*1000) + " ms"
	case unit == "s":
		return number(value) + " s"
	case unit == "reqps":
		return number(value) + "/s"
	}
	return number(value)
}
