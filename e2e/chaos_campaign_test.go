package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	chaosHeartbeat = 2 * time.Second
	chaosWorkers   = 3
	// faultsFor is how long a job has faults; after that, it has to end within endsWithin.
	faultsFor      = 90 * time.Second
	shortFaultsFor = 12 * time.Second
	endsWithin     = 2 * time.Minute
)

// newRunsOften has the server suggest that jobs continue as new after some dozen chunks.
var newRunsOften = []string{"--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=400"}

// campaign is what TestChaos runs. Only the test's goroutine uses it.
type campaign struct {
	t     *testing.T
	seed  uint64
	short bool
	began time.Time
	// draw is that of the job: its faults do not depend on how many the job before has had.
	draw *rand.Rand

	api       *chaosAPI
	serverDir string
	server    *server // nil while it is down
	queue     string
	workers   []*chaosWorker
	root      string
	// smallDisk: root is a file system that can be full. ballast is the file that fills it, if
	// one does.
	smallDisk bool
	ballast   string

	// heals are the ends of the faults that go on.
	heals  []heal
	faults map[string]int
	jobs   []*chaosJob
	job    *chaosJob
}

// heal ends a fault when its time has come.
type heal struct {
	at time.Time
	do func()
}

func newCampaign(t *testing.T, seed uint64, short bool) *campaign {
	t.Helper()
	c := &campaign{
		t: t, seed: seed, short: short, began: time.Now(), queue: newID(t), root: t.TempDir(),
		serverDir: t.TempDir(), faults: map[string]int{},
	}
	c.api = newChaosAPI(t, seed)
	if err := mountSmallDisk(t, c.root, "128m"); err != nil {
		t.Logf("no disk is ever full: a small file system can only be mounted by root: %v", err)
	} else {
		c.smallDisk = true
	}
	var err error
	c.server, err = startServer(c.serverDir, newRunsOften...)
	require.NoError(t, err)
	t.Cleanup(func() {
		if c.server != nil {
			c.server.stop()
		}
	})
	for i := range chaosWorkers {
		w := &chaosWorker{name: fmt.Sprintf("worker %d", i+1), link: newLink(t, c.server.local.Address())}
		c.workers = append(c.workers, w)
		c.launch(w)
	}
	return c
}

// note says what happens; go test shows it of a campaign that fails, or with -v.
func (c *campaign) note(format string, args ...any) {
	c.t.Helper()
	c.t.Logf("%6.1f s  job %d  %6d calls  %s", time.Since(c.began).Seconds(), len(c.jobs)-1, c.api.totalCalls(), fmt.Sprintf(format, args...))
}

// later ends a fault after a while.
func (c *campaign) later(after time.Duration, do func()) {
	c.heals = append(c.heals, heal{time.Now().Add(after), do})
}

// healDue ends the faults whose time has come; all of them if all is set.
func (c *campaign) healDue(all bool) {
	var due []heal
	c.heals = slices.DeleteFunc(c.heals, func(h heal) bool {
		is := all || !time.Now().Before(h.at)
		if is {
			due = append(due, h)
		}
		return is
	})
	slices.SortFunc(due, func(a, b heal) int { return a.at.Compare(b.at) })
	for _, h := range due {
		h.do()
	}
}

// healAll ends all faults. Some take a while, and are asked again.
func (c *campaign) healAll() {
	for len(c.heals) > 0 {
		c.healDue(true)
		<-time.After(50 * time.Millisecond)
	}
}

// between draws a length of time.
func (c *campaign) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.draw.Int64N(int64(most-least)))
}
