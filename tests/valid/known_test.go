package valid

import (
	"regexp"
	"strings"
)

// limit is a kind of fault that stays, in some configurations.
type limit struct {
	// injectors is how the names of the configurations begin.
	injectors string
	kinds     *regexp.Regexp
	// reason says why it is no fault, or stays one.
	reason string
}

// limits are what does not hold. A row that no pod of a run meets fails the run, so that what has been mended goes from here.
var limits []limit

// limitOf returns the index of the limit that a fault is, -1 for none.
func limitOf(injector string, f fault) int {
	for i, l := range limits {
		if strings.HasPrefix(injector, l.injectors) && l.kinds.MatchString(f.kind) {
			return i
		}
	}
	return -1
}
