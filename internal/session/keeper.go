package session

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"longhaul/job"
)

const (
	// countInterval is how often processes exchange what they have counted.
	countInterval = 500 * time.Millisecond
	// keepInterval is how soon a session sees a takeover.
	keepInterval = 2 * countInterval
)

// keeper looks after a session while it is in use, in one goroutine.
type keeper struct {
	*Session
	// lease is how often the presence is renewed.
	lease       time.Duration
	bottlenecks bottlenecks
	takenOver   context.Context
	taken       context.CancelCauseFunc
	end         context.CancelFunc
	idle        chan struct{}
	// presentUntil is until when no other job can take the folder for lack of a presence.
	presentUntil atomic.Pointer[time.Time]
	// settingsLost: those that were changed last cannot be read.
	settingsLost atomic.Bool
	// failed is the last error of the output folder; nil when all goes well.
	failed atomic.Pointer[error]

	// The rest is the goroutine's own.
	renewed time.Time
	// reported is what the workflow knows of the pool, reportedAt when it was told last.
	reported   job.Notice
	reportedAt time.Time
	// counted is what was written last of the pool's counts.
	counted job.Totals
	// wait is what the pool waited for when it was last looked at.
	wait *job.Wait
	// version is that of the settings that were read last.
	version int64
	// controlChanged is when the settings were changed that were read last.
	controlChanged time.Time
}

func newKeeper(s *Session) *keeper {
	k := &keeper{Session: s, lease: s.Manifest.Spec.HeartbeatTimeout.Std()}
	k.takenOver, k.taken = context.WithCancelCause(context.Background())
	return k
}

// start begins with the presence, so that no activity works in a folder that is
// another job's.
func (k *keeper) start(ctx context.Context) error {
	began := time.Now()
	if err := k.Output.Claims.Enter(ctx, k.Ref.Epoch); err != nil {
		return err
	}
	k.renew(began)
	// Before the first call: the job may be paused.
	if err := k.readControl(ctx); err != nil {
		return err
	}
	keeping, end := context.WithCancel(context.Background())
	k.end = end
	k.idle = make(chan struct{})
	go func() {
		defer close(k.idle)
		k.run(keeping)
	}()
	return nil
}

// stop returns when the goroutine has ended and the presence is gone. If it cannot
// be deleted, it lapses.
func (k *keeper) stop() {
	k.end()
	<-k.idle
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	k.warn("the presence in the output folder stays until it lapses", k.Output.Claims.Leave(ctx, k.Ref.Epoch))
}

func (k *keeper) run(ctx context.Context) {
	ticker := time.NewTicker(countInterval)
	defer ticker.Stop()
	for ticks := 1; ; ticks++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if ctx.Err() != nil {
			return
		}
		k.note(ctx, "exchange counts", k.exchangeCounts(ctx))
		if ticks%int(keepInterval/countInterval) == 0 && !k.keep(ctx) {
			return
		}
	}
}

// keep looks after everything once. It returns false when the folder is another job's.
func (k *keeper) keep(ctx context.Context) bool {
	check := k.Output.Claims.Check
	now, renews := time.Now(), time.Since(k.renewed) >= k.lease
	if renews {
		check = k.Output.Claims.Enter
	}
	err := check(ctx, k.Ref.Epoch)
	if err == nil && renews {
		k.renew(now)
	}
	if job.KindOf(err) == job.KindTakenOver {
		k.logger.Warn("job taken over", "error", err)
		k.taken(err)
		return false
	}
	// An error of the storage may pass; the lease lasts some renewals.
	k.note(ctx, "renew the presence", err)
	if err == nil {
		k.note(ctx, "read the settings", k.readControl(ctx))
	}
	k.bottlenecks.sample(k.Pool.Bottleneck())
	k.logWait()
	k.report(ctx)
	return true
}

// presentFor is how many renewals may fail before a successor may think that nobody is at
// work: three, less what clocks may differ.
const presentFor = 2.5

// renew notes a renewal that began at the time.
func (k *keeper) renew(began time.Time) {
	until := began.Add(time.Duration(presentFor * float64(k.lease)))
	k.renewed = began
	k.presentUntil.Store(&until)
}

// note keeps the last error for who looks at the job, and logs the first of a row.
func (k *keeper) note(ctx context.Context, what string, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if k.failed.Swap(nil) != nil {
			k.logger.Info("the output folder can be used again")
		}
	default:
		err = fmt.Errorf("%s: %w", what, err)
		if k.failed.Swap(&err) == nil {
			k.logger.Warn("the output folder cannot be used now", "error", err)
		}
	}
}

// trouble is the last error as a sentence; empty if all goes well.
func (k *keeper) trouble() string {
	if err := k.failed.Load(); err != nil {
		return "the output folder cannot be used now: " + (*err).Error()
	}
	return ""
}

// logWait logs when the pool begins to wait, and when that has ended.
func (k *keeper) logWait() {
	wait, before := k.Pool.Wait(), k.wait
	k.wait = wait
	switch {
	case wait != nil && (before == nil || before.Reason != wait.Reason):
		k.logger.Warn("calls are held back", "reason", wait.Reason, "last", wait.Last, "until", wait.Until)
	case wait == nil && before != nil:
		k.logger.Info("calls are made again", "held_back_by", before.Reason, "for", time.Since(before.Since).Round(time.Second))
	}
}

// exchangeCounts writes for the job's other processes what this one has counted, and
// reads what they have, as long as there are failures.
func (k *keeper) exchangeCounts(ctx context.Context) error {
	counts := k.Pool.Counts()
	if counts.Failed > 0 && counts != k.counted {
		if err := k.Output.PutTally(ctx, counts); err != nil {
			return err
		}
		k.counted = counts
	}
	elsewhere, err := k.Output.TallyElsewhere(ctx)
	if err == nil {
		k.Pool.CountElsewhere(elsewhere)
	}
	return err
}
