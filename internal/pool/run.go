package pool

import (
	"context"
	"iter"
	"sync"

	"longhaul/job"
)

// Run makes the call for every record, hands each result to keep, and returns
// when all are kept. A call's token is free again when keep has returned; keep
// must be safe for concurrent use, and its error ends the run.
//
// When stop is done, Run takes no more records, waits for the calls in flight,
// keeps their answers, and returns stop's cause. When ctx is done, the calls
// are cut off as well and their answers dropped: another attempt makes them.
func (p *Pool) Run(ctx, stop context.Context, records iter.Seq2[job.Record, error], keep func(job.Result) error) error {
	stop, fail := context.WithCancelCause(stop)
	defer fail(nil)
	defer context.AfterFunc(ctx, func() { fail(context.Cause(ctx)) })()

	var calls sync.WaitGroup
	for record, err := range records {
		if err == nil {
			err = p.acquire(stop)
		}
		if err != nil {
			fail(err)
			break
		}
		calls.Go(func() {
			if err := p.one(ctx, stop, record, keep); err != nil {
				fail(err)
			}
		})
	}
	calls.Wait()
	return context.Cause(stop)
}

// one takes a record from its token to its journal.
func (p *Pool) one(ctx, stop context.Context, record job.Record, keep func(job.Result) error) error {
	result, err := p.answer(ctx, stop, record)
	if err != nil {
		return err
	}
	defer p.release()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return keep(result)
}
