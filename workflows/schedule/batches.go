package schedule

import (
	"slices"
	"time"

	"longhaul/job"
)

// Batches gathers receipts until a batch is complete.
type Batches struct {
	plan job.Plan
	// open is only ever looked up by key.
	open map[int64]*openBatch
}

type openBatch struct {
	received int64
	totals   job.Totals
	journals []job.JournalRef
	finished []job.ChunkTiming
}

// add keeps a journal once, with all that was sealed of it: one of a redrive is in
// every receipt of its batch.
func (o *openBatch) add(journal job.JournalRef) {
	at := slices.IndexFunc(o.journals, func(j job.JournalRef) bool { return j.Name == journal.Name })
	if at < 0 {
		o.journals = append(o.journals, journal)
		return
	}
	o.journals[at].Size = max(o.journals[at].Size, journal.Size)
}

// NewBatches has no receipt yet.
func NewBatches(plan job.Plan) *Batches {
	return &Batches{plan: plan, open: map[int64]*openBatch{}}
}

// Reopen has a batch wait for records whose answers were lost. The others are still in
// its journals; nothing is counted as received any more.
func (b *Batches) Reopen(batch job.Batch, lost []job.Range) {
	reopened := &openBatch{received: batch.Len(), journals: batch.Journals, finished: batch.Finished}
	for _, r := range lost {
		reopened.received -= r.Len()
	}
	b.open[batch.Number] = reopened
}

// Add takes the receipt of a chunk that began and ended at these times. If the batch is
// complete with it, it returns the batch, and the sum of its receipts.
func (b *Batches) Add(receipt job.Receipt, began, ended time.Time) (job.Batch, job.Totals, bool) {
	number := receipt.First / b.plan.BatchRecords
	gathered := b.open[number]
	if gathered == nil {
		gathered = &openBatch{}
		b.open[number] = gathered
	}
	gathered.received += receipt.Len()
	gathered.totals = gathered.totals.Add(receipt.Totals)
	for _, journal := range receipt.Journals {
		gathered.add(journal)
	}
	gathered.finished = append(gathered.finished, job.ChunkTiming{From: began, At: ended, Records: receipt.Called})
	batch := job.Batch{Number: number, Journals: gathered.journals, Finished: gathered.finished, Range: job.Range{
		First: number * b.plan.BatchRecords,
		Last:  min((number+1)*b.plan.BatchRecords, b.plan.Records),
	}}
	if gathered.received < batch.Len() {
		return job.Batch{}, job.Totals{}, false
	}
	delete(b.open, number)
	return batch, gathered.totals, true
}
