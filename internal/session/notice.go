package session

import (
	"context"
	"time"

	"longhaul/job"
)

const (
	// longThrottle is how long an API must ask to wait until the workflow is told.
	longThrottle = 10 * time.Second
	// stuckInterval is how soon the workflow is told that other calls are stuck.
	stuckInterval = 10 * time.Second
)

// report tells the workflow how the pool does, if that is news. If the server does not
// answer, it is tried again by the next one.
func (k *keeper) report(ctx context.Context) {
	notice := job.Notice{Pool: k.Pool.ID(), Stuck: k.Pool.Stuck()}
	if wait := k.Pool.Wait(); isLong(wait) {
		notice.Waiting, notice.Wait = k.Pool.Waiting(), wait
	}
	now := time.Now()
	if isNews(k.reported, notice, now.Sub(k.reportedAt)) && k.server.report(ctx, k.Session, notice) == nil {
		k.reported, k.reportedAt = notice, now
	}
}

// isNews says whether the workflow must be told of the notice after the one before it.
// Each is an event in its history: what only changes is told now and then.
func isNews(before, now job.Notice, since time.Duration) bool {
	if (before.Waiting == "") != (now.Waiting == "") || (before.Stuck == nil) != (now.Stuck == nil) {
		return true
	}
	return now.Stuck != nil && *now.Stuck != *before.Stuck && since >= stuckInterval
}

// isLong says whether a wait takes long enough for the workflow to be told.
func isLong(wait *job.Wait) bool {
	return wait != nil && (wait.Reason != job.WaitThrottled || wait.Until.Sub(wait.Since) >= longThrottle)
}
