package schedule

import "longhaul/job"

// Cutter cuts the records into chunks. It hands out every index that is not
// committed exactly once, in order.
type Cutter struct {
	records, batchRecords int64
	// smallest and largest bound a chunk.
	smallest, largest int64
	// lanes end the job together, each with its last chunk. tapering is over how many the
	// rest is spread.
	lanes, tapering int64
	committed       []job.Range
	// partial are batches that are cut whole, because few of their records are called.
	partial []job.Partial
	// next is the first index not handed out, left how many are to be, end where this run of
	// the workflow ends.
	next, left, end int64
}

// NewCutter begins at record next. A chunk has at most chunkSize records, and not fewer
// than what keeps the calls of one lane busy for a while, callsPerLane being how many
// are in flight there.
func NewCutter(plan job.Plan, next, chunkSize int64, lanes, callsPerLane int) *Cutter {
	c := &Cutter{
		records: plan.Records, batchRecords: plan.BatchRecords,
		smallest: min(max(smallestChunk, 4*int64(callsPerLane)), chunkSize), largest: chunkSize,
		lanes: int64(lanes), tapering: int64(lanes), committed: plan.Committed, partial: plan.Partial, next: next, end: plan.Records,
	}
	c.left = Left(plan, next)
	return c
}

// Even has all chunks be of one size, as many for each lane: for jobs with a rate. A lane's
// rate rests for a second when it moves to another process, so chunks should be few; and with
// a rate all lanes come to their end together, whatever process they are in.
func (c *Cutter) Even() {
	rounds := max(1, ceilDiv(c.left, c.lanes*c.largest))
	c.largest = max(1, ceilDiv(c.left, c.lanes*rounds))
	c.smallest = c.largest
}

// Left counts the records from next on that are to be called.
func Left(plan job.Plan, next int64) int64 {
	left := plan.Records - next
	for _, done := range plan.Committed {
		left -= max(0, done.Last-max(done.First, next))
	}
	for _, partial := range plan.Partial {
		if partial.First >= next {
			left -= partial.Len() - partial.Missing
		}
	}
	return left
}

// EndRun has this run of the workflow end with the first batch that leaves each lane a chunk:
// the last ones are final, so that the calls of the run do not become fewer with each chunk.
func (c *Cutter) EndRun() {
	c.end = min(c.records, ceilDiv(c.next+c.lanes*c.Size(), c.batchRecords)*c.batchRecords)
}

// Ended says whether this run has no chunk any more.
func (c *Cutter) Ended() bool {
	c.skipCommitted()
	return c.next >= c.end
}

// Cut returns the next chunk, and whether it ends its batch; false if there is
// none in this run. Sizes taper: guided self-scheduling (Polychronopoulos and Kuck, 1987)
// with half the usual chunk, so that all lanes end at about the same time.
func (c *Cutter) Cut() (chunk job.Range, endsBatch, ok bool) {
	c.skipCommitted()
	if c.next >= c.end {
		return job.Range{}, false, false
	}
	if chunk, ok := c.cutPartial(); ok {
		return chunk, true, true
	}
	size := c.Size()
	border := min((c.next/c.batchRecords+1)*c.batchRecords, c.records)
	chunk = job.Range{First: c.next, Last: min(c.next+size, border)}
	c.next = chunk.Last
	c.left -= chunk.Len()
	return chunk, chunk.Last == border, true
}

// cutPartial returns the batch that is next if it is a partial one.
func (c *Cutter) cutPartial() (job.Range, bool) {
	for len(c.partial) > 0 && c.partial[0].First < c.next {
		c.partial = c.partial[1:]
	}
	if len(c.partial) == 0 || c.partial[0].First != c.next {
		return job.Range{}, false
	}
	next := c.partial[0]
	c.next = next.Last
	c.left -= next.Missing
	return next.Range, true
}

// Next is the first record that no chunk has been made of.
func (c *Cutter) Next() int64 { return c.next }

// Left is how many records are to be called and are in no chunk yet.
func (c *Cutter) Left() int64 { return c.left }

// Size is how many records the next chunk has, if its batch has as many.
func (c *Cutter) Size() int64 {
	return min(max(ceilDiv(c.left, 2*c.tapering), c.smallest), c.largest)
}

// SetLanes says over how many lanes the rest is spread.
func (c *Cutter) SetLanes(lanes int) {
	c.lanes = int64(max(1, lanes))
	c.tapering = c.lanes
}

// AddLane says that there is one more, of a grant that was split: chunks stay as large as
// they are.
func (c *Cutter) AddLane() { c.lanes++ }

// IsFinal says whether the next chunk is among the last ones of this run, one for each
// lane.
func (c *Cutter) IsFinal() bool {
	ahead := *c
	for range c.lanes {
		if _, _, ok := ahead.Cut(); !ok {
			return true
		}
	}
	_, _, more := ahead.Cut()
	return !more
}

// AtBorder says whether the next chunk begins a batch.
func (c *Cutter) AtBorder() bool { return c.next%c.batchRecords == 0 }

// skipCommitted relies on commits being whole batches.
func (c *Cutter) skipCommitted() {
	for len(c.committed) > 0 && c.committed[0].First <= c.next {
		c.next = max(c.next, c.committed[0].Last)
		c.committed = c.committed[1:]
	}
}
