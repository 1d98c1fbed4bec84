package host

import (
	"context"
	"time"

	"longhaul/calls"
	"longhaul/job"
)

const (
	// watchInterval is how soon a job in this process hears of a takeover.
	watchInterval = time.Second
	// countInterval is how often processes exchange what they have counted.
	countInterval = 500 * time.Millisecond
	// longThrottle is how long an API must ask to wait until the workflow hears of it.
	longThrottle = 10 * time.Second
)

// watcher renews the lease of a busy job, and sees when another job takes the
// folder over.
type watcher struct {
	end     context.CancelFunc
	stopped chan struct{}
}

// watch begins with the claim, so that no activity works in a folder that is
// another job's.
func (o *openJob) watch() error {
	if err := o.output.Enter(o.ref.Epoch); err != nil {
		return err
	}
	// Before the first call: the job may be paused.
	if err := o.heedControl(); err != nil {
		return err
	}
	takenOver, taken := context.WithCancelCause(context.Background())
	o.TakenOver = takenOver
	ctx, end := context.WithCancel(context.Background())
	o.watcher = &watcher{end: end, stopped: make(chan struct{})}
	go func() {
		defer close(o.watcher.stopped)
		o.keepLease(ctx, taken)
	}()
	return nil
}

// heedControl reads the settings that were changed, if there are any.
func (o *openJob) heedControl() error {
	control, err := o.output.Control()
	if err != nil || control == nil || control.Epoch != o.ref.Epoch {
		return err
	}
	if resizable, ok := o.caller.(calls.Resizable); ok {
		total := 0
		for _, share := range control.Shares {
			total += share.Calls
		}
		resizable.Resize(total)
	}
	o.pool.Retune(*control)
	return nil
}

func (o *openJob) unwatch() {
	o.watcher.end()
	<-o.watcher.stopped
	// If it stays, it lapses.
	_ = o.output.Leave(o.ref.Epoch)
}

func (o *openJob) keepLease(ctx context.Context, taken context.CancelCauseFunc) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	counting := time.NewTicker(countInterval)
	defer counting.Stop()
	renewed, told := time.Now(), ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-counting.C:
			// Counts that cannot be exchanged now are the next time.
			_ = o.exchangeCounts()
			continue
		case <-ticker.C:
		}
		check := o.output.Holds
		if time.Since(renewed) >= o.lease {
			check = o.output.Enter
			renewed = time.Now()
		}
		// An error of the storage may pass; the lease lasts some renewals.
		if err := check(o.ref.Epoch); job.KindOf(err) == job.KindTakenOver {
			taken(err)
			return
		}
		// One that cannot be read now is read the next time.
		_ = o.heedControl()
		o.limits.sample(o.pool.Limit())
		if waiting := o.worthTelling(); (waiting == "") != (told == "") && o.notify(ctx, waiting) == nil {
			told = waiting
		}
	}
}

// worthTelling is what the pool waits for, if that takes long enough for the
// workflow to hear of it.
func (o *openJob) worthTelling() string {
	wait := o.pool.Wait()
	if wait == nil || wait.Reason == job.WaitThrottled && wait.Until.Sub(wait.Since) < longThrottle {
		return ""
	}
	return o.pool.Waiting()
}

// exchangeCounts tells the job's other processes what this one has counted, and
// hears from them, as long as there are failures.
func (o *openJob) exchangeCounts() error {
	counts := o.pool.Counts()
	if counts.Failed > 0 && counts != o.counted {
		if err := o.output.PutTally(o.ref.Epoch, counts); err != nil {
			return err
		}
		o.counted = counts
	}
	elsewhere, err := o.output.TallyElsewhere(o.ref.Epoch)
	if err == nil {
		o.pool.CountElsewhere(elsewhere)
	}
	return err
}
