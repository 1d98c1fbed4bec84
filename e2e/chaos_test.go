package e2e

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	chaosSeed     = flag.Uint64("chaos.seed", 0, "seed of TestChaos; 0: one is drawn, or 1 without -chaos.duration")
	chaosDuration = flag.Duration("chaos.duration", 0, "how long TestChaos begins jobs; 0: one job")
	chaosCalls    = flag.Int("chaos.calls", 0, "how many calls TestChaos makes at least; 0: 10,000 for each minute")
)

// callsPerMinute is what a campaign makes at least if nothing else is asked for.
const callsPerMinute = 10_000

// TestChaos is a campaign against all promises at once: jobs one after the other on three
// worker processes and a server of its own, while one fault after the other is drawn. It
// is judged by the API, which counts, and by longhaul verify.
//
// make chaos SEED=7 DURATION=10m runs a long one; without flags it is one job. The seed
// decides the jobs, and the order, the lengths and the targets of the faults, and is in the
// table. The same seed does not give the same run: the processes are real, and when exactly
// a fault meets them depends on the machine. A campaign that has failed is worth repeating
// with its seed some times; what it has found should become a test of its own.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed, duration, calls := *chaosSeed, *chaosDuration, *chaosCalls
	if seed == 0 {
		seed = 1
		if duration > 0 {
			seed = uint64(rand.Uint32())
		}
	}
	if calls == 0 {
		calls = int(duration.Minutes() * callsPerMinute)
	}
	c := newCampaign(t, seed, duration == 0)
	t.Cleanup(func() { t.Log("\n" + c.table()) })
	t.Logf("seed %d", seed)
	for number := 0; number == 0 || time.Since(c.began) < duration || c.api.totalCalls() < calls; number++ {
		require.Less(t, time.Since(c.began), 2*duration+time.Minute, "%d of %d calls", c.api.totalCalls(), calls)
		c.runJob(number)
	}
	c.healAll()
	<-time.After(2 * chaosHeartbeat) // who was stopped or cut off has noticed
	c.verifyAgain()
	require.Empty(t, c.api.brokenPromises())
}
