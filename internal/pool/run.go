package pool

import (
	"context"
	"iter"
	"sync"

	"longhaul/job"
)

// Log is told of each call, from several goroutines; an error of it ends the run.
type Log interface {
	// Mark comes before each call, and after one that is not the last for its
	// record.
	Mark(mark job.Mark) error
	// Keep comes when there is a result. The token is free when it returns.
	Keep(result job.Result) error
}

// run is one call of Run.
type run struct {
	*Pool
	// calls is done when calls must be cut off, stop when none may start.
	calls, stop context.Context
	how         How
	log         Log
	line        *line
	// fail ends the run, open counts the calls that were handed over.
	fail context.CancelCauseFunc
	open sync.WaitGroup
}

// How says how the calls of one Run are made.
type How struct {
	// Order is the place of the run among those of the pool: while the calls of a lower
	// one wait for a token, no call of a higher one gets it.
	Order int64
	// Isolated calls are made with no other of the job in the process.
	Isolated bool
	// Lease says until when calls may start; nil for no end.
	Lease *Lease
}

// Run makes the call for every record, and returns when all results are kept.
//
// When stop is done, Run takes no more records, waits for the calls in flight,
// keeps their answers, and returns stop's cause. When ctx is done, the calls
// are cut off as well and their answers dropped: another attempt makes them.
func (p *Pool) Run(ctx, stop context.Context, how How, records iter.Seq2[job.Record, error], log Log) error {
	stop, fail := context.WithCancelCause(stop)
	defer fail(nil)
	for _, end := range []context.Context{ctx, p.over} {
		defer context.AfterFunc(end, func() { fail(context.Cause(end)) })()
	}
	line, next := p.queueUp(how.Order)
	r := &run{Pool: p, calls: ctx, stop: stop, how: how, log: log, line: line, fail: fail}
	defer p.leaveQueue(line)
	waiting := newWaiter(true)
	for record, err := range records {
		t := task{r, record, &token{pool: p, line: line, waiter: waiting}}
		if err == nil {
			err = t.token.acquire(r.stop, true)
		}
		if err != nil {
			fail(err)
			break
		}
		r.open.Add(1)
		select {
		case next <- t:
		default: // no goroutine waits
			go work(t, next)
		}
	}
	r.open.Wait()
	return context.Cause(stop)
}

// task is a record with the token for its first call.
type task struct {
	run    *run
	record job.Record
	token  *token
}

// work does one task after the other, whatever run they are of, until the pool has none: a
// goroutine of its own for each would have its stack grow each time, and one for each run
// would wait for a token that others have.
func work(first task, next <-chan task) {
	first.do()
	for t := range next {
		t.do()
	}
}

func (t task) do() {
	defer t.run.open.Done()
	if err := t.run.one(t.record, t.token); err != nil {
		t.run.fail(err)
	}
}

// Close ends what the pool does by itself.
func (p *Pool) Close() {
	p.outage.end()
	p.canary.end()
}

// back marks that a call has come back without a result.
func (r *run) back(record job.Record) error {
	return r.log.Mark(job.Mark{Index: record.Index, Back: true, Alone: r.how.Isolated})
}

// one takes a record from its token to its journal.
func (r *run) one(record job.Record, t *token) error {
	defer t.release()
	result, err := r.answer(record, t)
	if err != nil {
		return err
	}
	if r.calls.Err() != nil {
		_ = r.back(record) // the cause tells more
		return context.Cause(r.calls)
	}
	if err := r.log.Keep(result); err != nil {
		return err
	}
	r.endIf(r.tally.add(result))
	return nil
}
