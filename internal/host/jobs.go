package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/storage"
	"longhaul/job"
)

// idleLimit is how long a job stays open without an activity, so that chunks
// that follow find their connections warm.
const idleLimit = 5 * time.Minute

// jobs are those that are open in this process.
type jobs struct {
	store  *storage.Local
	client client.Client
	// calls is what the callers of all jobs share.
	calls calls.Options
	// isolation is shared by the pools of all jobs.
	isolation *sync.RWMutex

	mu   sync.Mutex
	open map[job.Ref]*openJob
}

func newJobs(store *storage.Local, c client.Client, options calls.Options) *jobs {
	return &jobs{store: store, client: c, calls: options, isolation: &sync.RWMutex{}, open: map[job.Ref]*openJob{}}
}

// newCaller makes the caller of a job's spec.
func (j *jobs) newCaller(spec job.Spec, callID string) (calls.Caller, error) {
	options := j.calls
	options.CallID, options.Parallelism, options.ReadFile = callID, spec.Parallelism, j.readFile
	return calls.New(spec.Call, options)
}

// Open opens a job, or finds it open. The function gives it back.
func (j *jobs) Open(ref job.Ref) (*activities.Job, func(), error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closeIdle(time.Now())
	opened, ok := j.open[ref]
	if !ok {
		var err error
		if opened, err = j.openJob(ref); err != nil {
			return nil, nil, err
		}
		j.open[ref] = opened
	}
	if opened.users == 0 {
		if err := opened.watch(); err != nil {
			return nil, nil, err
		}
	}
	opened.users++
	return &opened.Job, func() { j.giveBack(opened) }, nil
}

func (j *jobs) giveBack(opened *openJob) {
	j.mu.Lock()
	defer j.mu.Unlock()
	opened.users--
	if opened.users > 0 {
		return
	}
	opened.unwatch()
	opened.idleSince = time.Now()
	time.AfterFunc(idleLimit+time.Second, j.closeAllIdle)
	switch {
	case opened.ended.Load():
		j.closeNow(opened)
	case opened.stopped.Load():
		// Its pool stays: it knows why no call may be made.
		_ = opened.closeCaller()
	}
}

// closeNow is called with the lock.
func (j *jobs) closeNow(opened *openJob) {
	delete(j.open, opened.ref)
	// Nothing is buffered in an idle job.
	_ = opened.close()
}

func (j *jobs) closeAllIdle() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closeIdle(time.Now())
}

// closeIdle is called with the lock.
func (j *jobs) closeIdle(now time.Time) {
	for _, opened := range j.open {
		if opened.users == 0 && now.Sub(opened.idleSince) > idleLimit {
			j.closeNow(opened)
		}
	}
}

func (j *jobs) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for opened := range maps.Values(j.open) {
		errs = append(errs, opened.close())
	}
	clear(j.open)
	return errors.Join(append(errs, j.store.Close())...)
}

// allowedEnv looks up only names that the worker was started with.
func allowedEnv(names []string) func(string) (string, error) {
	return func(name string) (string, error) {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("the worker does not allow the environment variable %s: start it with --allow-env %s", name, name)
		}
		value, ok := lookupEnv(name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is allowed, but not set where the worker runs: set it and start the worker again", name)
		}
		return value, nil
	}
}
