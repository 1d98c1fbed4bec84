package pool

import (
	"context"
	"iter"
	"sync"

	"longhaul/job"
)

// maxUnanswered bounds the records of one run that are being called or wait for
// their next attempt: while an API is down, they would all be waiting.
const maxUnanswered = 5000

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
	unanswered := make(chan struct{}, maxUnanswered)
	for record, err := range records {
		if err == nil {
			err = p.admit(stop, unanswered)
		}
		if err != nil {
			fail(err)
			break
		}
		calls.Go(func() {
			if err := p.one(ctx, stop, record, keep); err != nil {
				fail(err)
			}
			<-unanswered
		})
	}
	calls.Wait()
	return context.Cause(stop)
}

// admit waits for a place among the unanswered records, and for a token.
func (p *Pool) admit(stop context.Context, unanswered chan<- struct{}) error {
	select {
	case unanswered <- struct{}{}:
		return p.acquire(stop)
	case <-stop.Done():
		return context.Cause(stop)
	}
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
