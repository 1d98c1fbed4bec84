package e2e

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"
)

// faultKind strikes, and says whether it could.
type faultKind struct {
	name   string
	strike func(*campaign) bool
}

var faultKinds = []faultKind{
	{"kill -9", (*campaign).killWorker},
	{"SIGSTOP", (*campaign).stopWorker},
	{"cut off", (*campaign).cutWorker},
	{"SIGTERM", (*campaign).endWorker},
	{"server killed", (*campaign).killServer},
	{"full disk", (*campaign).fillDisk},
	{"second job", (*campaign).startSecond},
	{"reset", (*campaign).reset},
	{"terminate", (*campaign).terminate},
}

// strike has the next fault of the job that can be. Each kind comes once before one comes again.
func (c *campaign) strike() {
	for range faultKinds {
		if len(c.job.deck) == 0 {
			c.job.deck = c.draw.Perm(len(faultKinds))
		}
		kind := faultKinds[c.job.deck[0]]
		c.job.deck = c.job.deck[1:]
		if kind.strike(c) {
			c.faults[kind.name]++
			c.job.faults++
			return
		}
	}
}

// nextFault is when the next fault comes: at a time, when calls have been made since the last
// one, and when many are in flight, which more can go wrong with. Some come at once, while
// the job still waits because of those before.
type nextFault struct {
	at    time.Time
	calls int
	busy  bool
}

// busyWithin is how long many calls in flight are waited for.
const busyWithin = 10 * time.Second

func (c *campaign) drawNext() nextFault {
	gap, calls := c.between(time.Second, 5*time.Second), 1+c.draw.IntN(500)
	if c.short {
		gap, calls = c.between(500*time.Millisecond, 1500*time.Millisecond), 1+c.draw.IntN(300)
	}
	busy := c.draw.IntN(3) > 0
	if !busy {
		calls = 0
	}
	return nextFault{time.Now().Add(gap), c.api.totalCalls() + calls, busy}
}

func (n nextFault) isDue(c *campaign) bool {
	now := time.Now()
	isBusy := !n.busy || now.After(n.at.Add(busyWithin)) || c.api.inFlight(c.job.calls) >= c.job.spec.Parallelism/2
	return now.After(n.at) && c.api.totalCalls() >= n.calls && isBusy
}

// killServer is kill -9 of the server, and a start on the same database.
func (c *campaign) killServer() bool {
	if c.server == nil {
		return false
	}
	c.note("kill -9 of the server")
	lasts := c.between(0, 3*time.Second)
	c.allow("", lasts+chaosHeartbeat)
	killServer(c.t, c.server)
	c.server = nil
	c.later(lasts, func() {
		s, err := startServer(c.serverDir, newRunsOften...)
		require.NoError(c.t, err)
		c.server = s
		for _, w := range c.workers {
			w.link.retarget(s.local.Address())
		}
		c.note("the server is started")
	})
	return true
}

func (c *campaign) fillDisk() bool {
	if !c.smallDisk || c.ballast != "" {
		return false
	}
	c.ballast = filepath.Join(c.root, "ballast")
	c.job.fullSince = time.Now()
	fillDisk(c.t, c.ballast)
	lasts := c.between(500*time.Millisecond, 4*time.Second)
	c.note("the disk is full for %v", lasts.Round(time.Millisecond))
	c.later(lasts, c.emptyDisk)
	return true
}

func (c *campaign) emptyDisk() {
	if c.ballast == "" {
		return
	}
	require.NoError(c.t, os.Remove(c.ballast))
	c.ballast, c.job.emptySince = "", time.Now()
	c.note("the disk has room")
}

// startSecond starts another job on the same folder. It waits until the first has ended.
func (c *campaign) startSecond() bool {
	id := c.job.id + "-second"
	if c.server == nil || c.job.runs[id] {
		return false
	}
	c.note("a second job on the folder")
	c.job.restarts++
	c.startRun(id)
	return true
}

// reset gives a workflow another run, from its first or its last task on.
func (c *campaign) reset() bool {
	id := c.openRun()
	if c.server == nil || id == "" {
		return false
	}
	where := "LastWorkflowTask"
	if c.draw.IntN(3) == 0 {
		where = "FirstWorkflowTask"
	}
	c.note("reset of %s to its %s", id, where)
	c.job.restarts++
	c.job.runs[id] = true // also if it has just ended
	c.allow("", chaosHeartbeat)
	require.Eventually(c.t, func() bool {
		out, code := runCommand(c.t, c.root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", c.server.local.Address(),
			"--workflow-id", id, "--type", where, "--reason", "chaos")
		if code != 0 {
			c.note("reset: %s", out)
		}
		return code == 0
	}, 20*time.Second, 500*time.Millisecond, "reset of %s", id)
	return true
}

// terminate ends a workflow, and starts it again.
func (c *campaign) terminate() bool {
	id := c.openRun()
	if c.server == nil || id == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	if err := c.server.TerminateWorkflow(ctx, id, "", "chaos"); err != nil {
		c.note("terminate %s: %v", id, err)
		return false
	}
	c.note("terminate %s", id)
	c.job.restarts++
	c.allow("", chaosHeartbeat)
	c.job.starting++
	var start func()
	start = func() {
		if c.server == nil {
			c.later(200*time.Millisecond, start)
			return
		}
		c.startRun(id)
		c.job.starting--
		c.note("%s is started again", id)
	}
	c.later(c.between(0, 2*time.Second), start)
	return true
}
