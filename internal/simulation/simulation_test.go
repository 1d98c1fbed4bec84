//go:debug randseednop=0
package simulation

import (
	"flag"
	"math/rand"
	"runtime/debug"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

var (
	first = flag.Uint64("first", 1, "the first seed")
	seeds = flag.Uint64("seeds", 20, "how many seeds")
	full  = flag.Bool("trace", false, "print the trace")
)

func TestSeeds(t *testing.T) {
	// The cache is one for all workers of a process, and locked across requests.
	debug.SetGCPercent(800)
	worker.SetStickyWorkflowCacheSize(0)
	for seed := *first; seed < *first+*seeds; seed++ {
		var result *Result
		synctest.Test(t, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			rand.Seed(int64(seed)) //nolint:staticcheck // the SDK draws from it
			var err error
			result, err = Run(t.Context(), seed)
			require.NoError(t, err)
		})
		if len(result.Violations) > 0 {
			t.Errorf("seed %d\n%s%q", seed, result.Plan, result.Violations)
		}
		if *full {
			t.Logf("%s%s", result.Plan, strings.Join(result.Tail, "\n"))
		}
		if testing.Verbose() {
			t.Logf("seed %d: trace %x, %d calls, %d repeated of %d, %s", seed, result.Trace, result.Calls, result.Repeated, result.Allowed, result.Lasted)
		}
	}
}
