package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// chaosWorker is a place for a worker process, with a connection of its own to the server.
type chaosWorker struct {
	name string
	link *link
	proc *process
	// busy is set while a fault goes on here.
	busy bool
}

// workerVariable is read by the jobs' template of the worker's header.
const workerVariable = "CHAOS_WORKER"

func (c *campaign) launch(w *chaosWorker) {
	w.proc = launchWith(c.t, []string{workerVariable + "=" + w.name}, c.root, "longhaul-worker",
		"--address", w.link.address(), "--root", c.root, "--task-queue", c.queue, "--allow-env", workerVariable)
}

// target draws a worker where no fault goes on; nil if there is none.
func (c *campaign) target() *chaosWorker {
	first := c.draw.IntN(len(c.workers))
	for i := range c.workers {
		if w := c.workers[(first+i)%len(c.workers)]; !w.busy {
			return w
		}
	}
	return nil
}

func (c *campaign) killWorker() bool {
	w := c.target()
	if w == nil {
		return false
	}
	c.note("kill -9 of %s", w.name)
	w.busy = true
	c.allow(w.name, 0)
	w.proc.kill()
	c.later(c.between(0, 3*time.Second), func() {
		c.launch(w)
		w.busy = false
		c.note("%s is started", w.name)
	})
	return true
}

// stopWorker is SIGSTOP for longer than the heartbeat timeout.
func (c *campaign) stopWorker() bool {
	w := c.target()
	if w == nil {
		return false
	}
	w.busy = true
	c.allow(w.name, 0)
	w.proc.signal(syscall.SIGSTOP)
	require.Eventually(c.t, func() bool { return isStopped(w.proc) }, 10*time.Second, time.Millisecond, "%s does not stop", w.name)
	c.api.stop(w.name)
	lasts := c.between(chaosHeartbeat*5/4, chaosHeartbeat*3)
	c.note("SIGSTOP of %s for %v", w.name, lasts.Round(time.Millisecond))
	c.later(lasts, func() {
		c.api.wake(w.name)
		w.proc.signal(syscall.SIGCONT)
		w.busy = false
		c.note("SIGCONT of %s", w.name)
	})
	return true
}

// isStopped says whether no thread of a process runs any more.
func isStopped(p *process) bool {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid))
	for _, thread := range threads {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", p.cmd.Process.Pid, thread.Name()))
		if err == nil && !strings.Contains(string(stat), ") T ") {
			return false
		}
	}
	return err == nil
}

// cutWorker lets nothing through between a worker and the server, for longer than the
// heartbeat timeout.
func (c *campaign) cutWorker() bool {
	w := c.target()
	if w == nil {
		return false
	}
	w.busy = true
	lasts := c.between(chaosHeartbeat*5/4, chaosHeartbeat*3)
	c.allow(w.name, chaosHeartbeat)
	c.note("the connection of %s is silent for %v", w.name, lasts.Round(time.Millisecond))
	w.link.cut()
	c.later(lasts, func() {
		w.link.restore()
		w.busy = false
		c.note("the connection of %s is there again", w.name)
	})
	return true
}

// endWorker is SIGTERM: the worker ends its calls, and repeats none.
func (c *campaign) endWorker() bool {
	w := c.target()
	if w == nil {
		return false
	}
	c.note("SIGTERM of %s", w.name)
	w.busy = true
	w.proc.signal(syscall.SIGTERM)
	c.awaitEnd(w, time.Now().Add(time.Minute))
	return true
}

func (c *campaign) awaitEnd(w *chaosWorker, until time.Time) {
	c.later(200*time.Millisecond, func() {
		select {
		case <-w.proc.exited:
			require.Zero(c.t, w.proc.wait(), "%s after SIGTERM", w.name)
			c.launch(w)
			w.busy = false
			c.note("%s has ended, and is started", w.name)
		default:
			require.True(c.t, time.Now().Before(until), "%s does not end after SIGTERM", w.name)
			c.awaitEnd(w, until)
		}
	})
}
