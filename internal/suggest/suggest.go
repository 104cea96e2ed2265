// Package suggest finds the name that somebody meant who wrote an unknown one.
package suggest

import (
	"fmt"
	"strings"
)

// Name returns the known name that an unknown one is most like, empty if none is like it enough to be a slip of the keys.
func Name(unknown string, known []string) string {
	best, most := "", 2
	if len(unknown) < 6 {
		most = 1
	}
	for _, name := range known {
		if distance := editDistance(strings.ToLower(unknown), strings.ToLower(name)); distance <= most {
			best, most = name, distance-1
		}
	}
	return best
}

// Question returns ` (did you mean "x"?)` for the name x that Name found, empty if it found none.
func Question(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", name)
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbour that lead from a to b.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
