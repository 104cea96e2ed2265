package serve

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/go-logr/logr"
)

// memoryVariable is set by the chart to the container's memory limit, in bytes.
const memoryVariable = "MEMORY_LIMIT"

// limitMemory has the garbage collector keep the heap, stacks and what else is Go's below nine tenths of the container's
// limit: what the kernel counts besides, such as the pages of the program, has the rest. It does nothing where GOMEMLIMIT
// is set, or no limit is known.
func limitMemory(logger logr.Logger) {
	limit, err := strconv.ParseInt(os.Getenv(memoryVariable), 10, 64)
	if err != nil || limit <= 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(min(limit, math.MaxInt64/9) * 9 / 10)
	logger.V(1).Info("Memory limit set", "bytes", debug.SetMemoryLimit(-1))
}
