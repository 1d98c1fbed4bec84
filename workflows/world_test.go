package workflows

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"longhaul/job"
)

// world stands in for the activities: it notes what the workflow asks for.
type world struct {
	mu      sync.Mutex
	records int64
	// committed is what is there from before, from record 0 on.
	committed job.Totals
	chunks    []job.Chunk
	batches   []job.Batch
	calls     int
	inFlight  int
	most      int
	// fails says how many records of a chunk fail.
	fails func(job.Chunk) int64
	// extra is how many calls a record takes beyond the first.
	extra int64
	// waited is how long a chunk has waited for its last calls.
	waited time.Duration
	// partial are batches with few records to call, proven says that a call has
	// succeeded before.
	partial []job.Partial
	proven  bool
	// fresh: the folder had no job before; kept is what a redrive does not call.
	fresh bool
	kept  job.Totals
	err   func(job.Chunk) error
	// unfinished says which chunks lose their lane; finished are the others.
	unfinished func(job.Chunk) bool
	// settingsLost says for which chunks the settings cannot be read.
	settingsLost func(job.Chunk) bool
	// indexing is called while the input is indexed.
	indexing func()
	// steering is called while the so manieth change of settings is written.
	steering func(change int)
	finished []job.Range
	controls []job.Control
	// lost says which answers of a batch are gone when it is flushed.
	lost func(job.Batch) []job.Range
}

func (w *world) SteerJob(_ context.Context, _ job.Ref, control job.Control, _ job.Request) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.controls = append(w.controls, control)
	if w.steering != nil {
		w.steering(len(w.controls))
	}
	return "ann", nil
}

func (w *world) ClaimOutput(_ context.Context, ref job.Ref) (job.Claimed, error) {
	ref.Epoch++
	return job.Claimed{Ref: ref, RunID: "this"}, nil
}

func (w *world) IndexInput(_ context.Context, spec job.Spec) (job.Plan, error) {
	if w.indexing != nil {
		w.indexing()
	}
	plan := job.Plan{Ref: job.Ref{Output: spec.Output.URI}, Records: w.records, BatchRecords: spec.BatchRecords(), Totals: w.committed}
	if done := w.committed.Done(); done > 0 {
		plan.Committed = []job.Range{{Last: done}}
	}
	plan.Partial, plan.Proven, plan.New, plan.Kept = w.partial, w.proven, w.fresh, w.kept
	return plan, nil
}

func (w *world) ProcessChunk(_ context.Context, _ job.Ref, chunk job.Chunk) (job.Receipt, error) {
	w.mu.Lock()
	w.chunks = append(w.chunks, chunk)
	w.calls += chunk.Grant.Calls
	w.inFlight++
	w.most = max(w.most, w.calls)
	unfinished := w.unfinished != nil && w.unfinished(chunk)
	if !unfinished {
		w.finished = append(w.finished, chunk.Range)
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !chunk.Final { // else its grant stays with its neighbours, while there are any
			w.calls -= chunk.Grant.Calls
		}
		if w.inFlight--; w.inFlight == 0 {
			w.calls = 0
		}
	}()
	if unfinished {
		return job.Receipt{Range: chunk.Range, Unfinished: true, SettingsLost: w.settingsLost != nil && w.settingsLost(chunk)}, nil
	}
	failed := int64(0)
	if w.fails != nil {
		failed = w.fails(chunk)
	}
	if w.err != nil {
		if err := w.err(chunk); err != nil {
			return job.Receipt{}, err
		}
	}
	totals := job.Totals{Succeeded: chunk.Len() - failed, Failed: failed, Attempts: chunk.Len()}
	called := chunk.Len()
	for _, partial := range w.partial {
		if partial.Range == chunk.Range {
			called = partial.Missing
		}
	}
	return job.Receipt{Range: chunk.Range, Totals: totals, Called: called, Calls: called * (1 + w.extra), Waited: job.Duration(w.waited), Bytes: 10 * called, Journals: []job.JournalRef{{Name: chunk.String(), Size: 1}}}, nil
}

func (w *world) FlushBatch(_ context.Context, _ job.Ref, batch job.Batch) (job.Flushed, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batches = append(w.batches, batch)
	if w.lost != nil {
		if lost := w.lost(batch); len(lost) > 0 {
			return job.Flushed{Lost: lost}, nil
		}
	}
	var totals job.Totals
	for _, chunk := range w.chunks {
		if chunk.Overlaps(batch.Range) {
			failed := int64(0)
			if w.fails != nil {
				failed = w.fails(chunk)
			}
			totals = totals.Add(job.Totals{Succeeded: chunk.Len() - failed, Failed: failed, Attempts: chunk.Len()})
		}
	}
	return job.Flushed{Totals: totals}, nil
}

func (w *world) FinishJob(_ context.Context, ref job.Ref) (job.Summary, error) {
	return job.Summary{JobID: ref.JobID, Records: w.records}, nil
}

func environment(t *testing.T, w *world) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	// On a busy machine a workflow can wait for a processor for more than the default second.
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflow(BulkCall)
	env.RegisterActivity(w)
	return env
}

func sleepSpec() job.Spec {
	spec := job.DefaultSpec()
	count := int64(1)
	spec.Input.Count, spec.Output.URI = &count, "out"
	spec.Call.Sleep = &job.SleepSpec{}
	return spec
}
