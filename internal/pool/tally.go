package pool

import (
	"sync"
	"sync/atomic"

	"longhaul/job"
)

// tally counts how the records of a job have ended, so that max_failures holds
// where the calls are made.
type tally struct {
	succeeded, failed atomic.Int64

	mu sync.Mutex
	// budget is nil as long as nobody has said what is tolerated.
	budget *job.FailureBudget
	// elsewhere are the counts of other processes.
	elsewhere job.Totals
	output    string
}

// setBudget takes what is tolerated from now on.
func (t *tally) setBudget(budget job.FailureBudget) error {
	t.mu.Lock()
	t.budget = &budget
	t.mu.Unlock()
	return t.judge()
}

// setLimit changes the limit only.
func (t *tally) setLimit(limit job.FailureLimit) error {
	t.mu.Lock()
	if t.budget != nil {
		changed := *t.budget
		changed.Limit = limit
		t.budget = &changed
	}
	t.mu.Unlock()
	return t.judge()
}

// setElsewhere takes the counts of other processes.
func (t *tally) setElsewhere(totals job.Totals) error {
	t.mu.Lock()
	t.elsewhere = totals
	t.mu.Unlock()
	return t.judge()
}

// add counts a result. Its error says that there were too many failures.
func (t *tally) add(result job.Result) error {
	if result.Failure == nil {
		t.succeeded.Add(1)
		return nil
	}
	t.failed.Add(1)
	return t.judge()
}

// here are the counts of this process.
func (t *tally) here() job.Totals {
	return job.Totals{Succeeded: t.succeeded.Load(), Failed: t.failed.Load()}
}

func (t *tally) judge() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.budget == nil {
		return nil
	}
	totals := t.here().Add(t.elsewhere).Add(t.budget.Before)
	if !t.budget.Limit.Exceeded(totals.Failed, totals.Done()) {
		return nil
	}
	return job.TooManyFailures(t.budget.Limit, totals, t.output)
}
