package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A journal that is in several receipts is merged once, with all that was sealed.
func TestABatchNamesAJournalOnce(t *testing.T) {
	t.Parallel()
	b := NewBatches(job.Plan{Records: 10, BatchRecords: 10})
	kept := job.JournalRef{Name: "kept", Size: 5}
	_, _, whole := b.Add(job.Receipt{Range: job.Range{Last: 4}, Journals: []job.JournalRef{kept, {Name: "a"}}}, time.Time{}, time.Time{})
	require.False(t, whole)
	kept.Size = 7
	batch, _, whole := b.Add(job.Receipt{Range: job.Range{First: 4, Last: 10}, Journals: []job.JournalRef{{Name: "b"}, kept}}, time.Time{}, time.Time{})
	require.True(t, whole)
	require.Equal(t, []job.JournalRef{kept, {Name: "a"}, {Name: "b"}}, batch.Journals)
}

// A batch whose answers were lost in part waits for these, and has its journals still; a
// journal counts with the most that was sealed of it.
func TestAReopenedBatchKeepsItsJournals(t *testing.T) {
	t.Parallel()
	b := NewBatches(job.Plan{Records: 10, BatchRecords: 10})
	kept := job.JournalRef{Name: "kept", Size: 9}
	b.Reopen(job.Batch{Range: job.Range{Last: 10}, Journals: []job.JournalRef{kept}}, []job.Range{{First: 2, Last: 4}})
	shorter := kept
	shorter.Size = 5
	batch, _, whole := b.Add(job.Receipt{Range: job.Range{First: 2, Last: 4}, Journals: []job.JournalRef{shorter, {Name: "again"}}}, time.Time{}, time.Time{})
	require.True(t, whole)
	require.Equal(t, []job.JournalRef{kept, {Name: "again"}}, batch.Journals)
}
