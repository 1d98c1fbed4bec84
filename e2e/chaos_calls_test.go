package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// jobCalls are the calls of one job.
type jobCalls struct {
	number, parallelism int
	perRecord           []int
	total               int
	// open are the calls in flight, most how many there were at most; without those of
	// stopped workers.
	open, most int
	workers    map[string]*workerCalls
	// repaired: no record is refused any more. ended: no call may come any more.
	repaired, ended bool
	// transient counts the answers that ask for another attempt.
	transient map[int]int
}

// workerCalls are the calls of one worker in flight, and how many there were at most since
// the last sample.
type workerCalls struct{ open, high int }

// chaosCall is a call in flight. One of a stopped worker is left out: that worker can
// neither end it nor learn that others have its records now.
type chaosCall struct {
	of      *jobCalls
	worker  string
	leftOut bool
}

// expect lets a job make calls.
func (a *chaosAPI) expect(number, records, parallelism int) *jobCalls {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := &jobCalls{
		number: number, parallelism: parallelism, perRecord: make([]int, records),
		workers: map[string]*workerCalls{}, transient: map[int]int{},
	}
	a.jobs[number] = calls
	return calls
}

// begin counts a call, and says with which status it is answered.
func (a *chaosAPI) begin(number, record int, of traits, worker string) (*chaosCall, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := a.jobs[number]
	if calls == nil || record < 0 || record >= len(calls.perRecord) {
		a.broken = append(a.broken, fmt.Sprintf("a call of record %d of job %d, which does not exist", record, number))
		return nil, 0
	}
	if calls.ended {
		a.broken = append(a.broken, fmt.Sprintf("job %d: %s called record %d after the job's end", number, worker, record))
	}
	calls.total++
	calls.perRecord[record]++
	by := calls.workers[worker]
	if by == nil {
		by = &workerCalls{}
		calls.workers[worker] = by
	}
	by.open++
	by.high = max(by.high, by.open)
	call := &chaosCall{of: calls, worker: worker, leftOut: a.stopped[worker]}
	a.open[call] = struct{}{}
	if !call.leftOut {
		calls.open++
		if calls.most = max(calls.most, calls.open); calls.open > calls.parallelism {
			a.broken = append(a.broken, fmt.Sprintf("job %d: %d calls in flight of %d: %s", number, calls.open, calls.parallelism, calls.perWorker()))
		}
	}
	switch {
	case of.refused && !calls.repaired:
		return call, http.StatusUnprocessableEntity
	case of.retried && calls.transient[record] == 0:
		return call, http.StatusInternalServerError
	}
	return call, http.StatusOK
}

func (a *chaosAPI) end(call *chaosCall, record int, transient bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, call)
	call.of.workers[call.worker].open--
	if !call.leftOut {
		call.of.open--
	}
	if transient {
		call.of.transient[record]++
	}
}

// perWorker is called with the lock.
func (c *jobCalls) perWorker() string {
	text := make([]string, 0, len(c.workers))
	for name, by := range c.workers {
		text = append(text, fmt.Sprintf("%s has %d", name, by.open))
	}
	return strings.Join(text, ", ")
}

// sample is how many calls each worker had in flight at most since the last sample, and ""
// how many there were in all.
func (a *chaosAPI) sample(calls *jobCalls) map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	sample := map[string]int{}
	for name, by := range calls.workers {
		sample[name] = by.high
		sample[""] += by.high
		by.high = by.open
	}
	return sample
}

// stop leaves out the calls of a worker that SIGSTOP has stopped.
func (a *chaosAPI) stop(worker string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped[worker] = true
	for call := range a.open {
		if call.worker == worker && !call.leftOut {
			call.leftOut = true
			call.of.open--
		}
	}
}

// wake counts the calls that a worker begins from now on.
func (a *chaosAPI) wake(worker string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.stopped, worker)
}

// repair ends the refusals.
func (a *chaosAPI) repair(calls *jobCalls) {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls.repaired = true
}

// endJob lets no call of a job come any more.
func (a *chaosAPI) endJob(calls *jobCalls) {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls.ended = true
}

// brokenPromises are those that were broken up to now.
func (a *chaosAPI) brokenPromises() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.broken)
}

// inFlight is how many calls of a job there are now.
func (a *chaosAPI) inFlight(of *jobCalls) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return of.open
}

// totalCalls are those of all jobs.
func (a *chaosAPI) totalCalls() (total int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, calls := range a.jobs {
		total += calls.total
	}
	return total
}
