package journal

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

// listed counts what listings return.
type listed struct {
	storage.Folder
	names atomic.Int64
}

func (l *listed) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	entries, err := l.Folder.List(ctx, prefix)
	l.names.Add(int64(len(entries)))
	return entries, err
}

// A chunk finds the journals of its batch without a look at all others; those of Longhaul
// 0.1, which lie in no batch's folder, are found too.
func TestJournalsOfABatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flat := open(t, dir)
	old := write(t, flat, job.Range{First: 300, Last: 310}, 1, parttest.Success(300))
	require.Equal(t, "_longhaul/journal", path.Dir(old.Name))
	grouped := open(t, dir)
	grouped.GroupBy(10)
	for batch := range int64(50) {
		r := job.Range{First: batch * 10, Last: batch*10 + 10}
		ref := write(t, grouped, r, 1, parttest.Success(r.First+1))
		require.Equal(t, fmt.Sprintf("_longhaul/journal/%06d", batch), path.Dir(ref.Name))
		kept := write(t, grouped, r, 2, parttest.Success(r.First+2))
		require.NotEqual(t, ref.Name, kept.Name)
	}
	last := job.Range{First: 300, Last: 310}
	for range 2 {
		answered, err := grouped.Answered(t.Context(), last)
		require.NoError(t, err)
		require.Len(t, answered.Journals, 3)
		require.True(t, answered.Has(300) && answered.Has(301) && answered.Has(302))
	}
	require.NoError(t, grouped.Delete(t.Context(), old.Name))
	counting := &listed{Folder: grouped.folder}
	grouped.folder = counting
	for range 10 {
		names, err := grouped.Overlapping(t.Context(), last)
		require.NoError(t, err)
		require.Len(t, names, 2)
	}
	require.EqualValues(t, 100+9*2, counting.names.Load(), "all once, and then those of the batch")
	require.NoError(t, grouped.Drop(t.Context(), job.Range{Last: 500}))
	names, err := grouped.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	require.NoDirExists(t, filepath.Join(dir, "_longhaul/journal/000030"), "no empty folder is left")
}

// Of attempts at the same chunk the later one counts, also of ten and more; others' journals
// do not.
func TestALaterAttemptSupersedes(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	f.GroupBy(10)
	r := job.Range{Last: 10}
	begin := func(r job.Range, activity string, attempt int32) *Writer {
		w, err := f.Create(t.Context(), r, activity, attempt)
		require.NoError(t, err)
		return w
	}
	isSuperseded := func(w *Writer) bool {
		later, err := f.IsSuperseded(t.Context(), w)
		require.NoError(t, err)
		return later
	}
	ninth := begin(r, "run-7", 9)
	begin(r, "run-7", 8)
	begin(r, "run-17", 10)
	begin(r, "other-7", 10)
	begin(job.Range{Last: 5}, "run-7", 10)
	require.NoError(t, f.Put(t.Context(), f.KeptName(r, 20), func(*Rewriter) error { return nil }))
	require.False(t, isSuperseded(ninth))
	tenth := begin(r, "run-7", 10)
	require.True(t, isSuperseded(ninth))
	require.False(t, isSuperseded(tenth))
}
