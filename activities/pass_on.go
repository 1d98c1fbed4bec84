package activities

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand" // the simulation seeds it
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/journal"
	"longhaul/job"
)

const (
	// A task that is passed on comes back after firstPassOn, longer each time, up to
	// longestPassOn: soon enough for a worker that can do it, and seldom enough for a queue
	// whose workers all lack something.
	firstPassOn   = 100 * time.Millisecond
	longestPassOn = 10 * time.Second
	passOnGrowth  = 1.5
	// logInterval is how often a worker logs what it lacks for a job.
	logInterval = time.Minute
)

// defaultCapabilityTimeout is for jobs that an earlier version began.
var defaultCapabilityTimeout = job.DefaultSpec().CapabilityTimeout

// toTemporal is toApplicationError, but for what this worker lacks: that task is passed on
// to another worker. No record fails by it, and it ends the activity only if no worker has
// been found for the timeout.
func (a *Activities) toTemporal(ctx context.Context, beat *heartbeat, timeout job.Duration, err error) error {
	if err == nil || ctx.Err() != nil || a.sessions.Alone() || !errors.Is(err, job.ErrOfWorker) {
		return toApplicationError(ctx, err)
	}
	if timeout == 0 {
		timeout = defaultCapabilityTimeout
	}
	a.passed.log(ctx, err)
	info := activity.GetInfo(ctx)
	lack := job.Lack{Since: info.StartedTime, Times: 1}
	if before := beat.before; before != nil {
		lack = job.Lack{Since: before.Since, Times: before.Times + 1}
	}
	if info.StartedTime.Sub(lack.Since) >= timeout.Std() {
		return temporal.NewApplicationErrorWithOptions(
			fmt.Sprintf("no worker could take the job for %s (capability_timeout); the last one said: %s", timeout, err), string(job.KindOf(err)),
			temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{job.KindWorkerLacks}})
	}
	// The next attempt, in whatever worker, has to know.
	if err := beat.lacks(ctx, lack); err != nil {
		return toApplicationError(ctx, err)
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(job.KindWorkerLacks),
		temporal.ApplicationErrorOptions{NextRetryDelay: passOnDelay(lack.Times)})
}

// callIfAble makes the calls unless this worker lacks something for them.
func (w *work) callIfAble(ctx, stop context.Context, answered *journal.Answered, receipt *job.Receipt) error {
	if err := w.session.CanCall(ctx, w.chunk.First); err != nil {
		return err
	}
	w.beat.able(ctx)
	return w.call(ctx, stop, answered, receipt)
}

// attempt is that of the activity, but 1 if all attempts before were passed on: none of them
// has had the chunk's grant, waited for its start, or died of a record.
func (h *heartbeat) attempt(ctx context.Context) int32 {
	attempt := activity.GetInfo(ctx).Attempt
	if h.before != nil && h.before.Times == int(attempt)-1 {
		return 1
	}
	return attempt
}

// passOnDelay spreads the tasks of a job that come back.
func passOnDelay(times int) time.Duration {
	delay := float64(firstPassOn) * math.Pow(passOnGrowth, float64(min(times-1, 20)))
	return time.Duration(min(delay, float64(longestPassOn)) * (0.5 + rand.Float64()))
}

// passLog logs what this worker lacks, now and then.
type passLog struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (l *passLog) log(ctx context.Context, err error) {
	info := activity.GetInfo(ctx)
	key := info.WorkflowExecution.ID + " " + err.Error()
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last[key]) < logInterval {
		return
	}
	if l.last == nil || len(l.last) > 100 {
		l.last = map[string]time.Time{}
	}
	l.last[key] = time.Now()
	activity.GetLogger(ctx).Warn("this worker cannot take the job: its tasks are passed on to other workers", "reason", err)
}
