package journal

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// syncing says which objects were synced.
type syncing struct {
	storage.Folder
	synced []string
}

func (s *syncing) Sync(ctx context.Context, name string) error {
	s.synced = append(s.synced, name)
	return s.Folder.Sync(ctx, name)
}

func (s *syncing) Append(ctx context.Context, name string) (storage.Appender, error) {
	appender, err := s.Folder.Append(ctx, name)
	return syncingAppender{appender, s, name}, err
}

type syncingAppender struct {
	storage.Appender
	folder *syncing
	name   string
}

func (a syncingAppender) Sync() error {
	a.folder.synced = append(a.folder.synced, a.name)
	return a.Appender.Sync()
}

// A receipt names a journal after it was sealed: it must survive a power cut.
func TestASealedJournalIsSynced(t *testing.T) {
	t.Parallel()
	opened, err := memory.New().Folder(t.Context(), "out", true)
	require.NoError(t, err)
	folder := &syncing{Folder: opened}
	w, err := NewSet(folder).Create(t.Context(), job.Range{Last: 10}, "run", 1)
	require.NoError(t, err)
	require.NoError(t, w.Append(parttest.Success(1)))
	ref, err := w.Seal()
	require.NoError(t, err)
	require.Equal(t, []string{ref.Name}, folder.synced)
}

// A journal of a process that was killed is synced before a receipt names it. One that has
// nothing for the range, and one of this process, which seals it, are not.
func TestInheritedJournalsAreSynced(t *testing.T) {
	t.Parallel()
	opened, err := memory.New().Folder(t.Context(), "out", true)
	require.NoError(t, err)
	folder := &syncing{Folder: opened}
	killed, alive := NewSet(folder), NewSet(folder)
	r := job.Range{Last: 10}
	inherited, err := killed.Create(t.Context(), r, "inherited", 1)
	require.NoError(t, err)
	require.NoError(t, inherited.Append(parttest.Success(1)))
	_, err = killed.Create(t.Context(), r, "empty", 1)
	require.NoError(t, err)
	own, err := alive.Create(t.Context(), r, "own", 1)
	require.NoError(t, err)
	require.NoError(t, own.Append(parttest.Success(2)))
	answered, err := alive.Answered(t.Context(), r)
	require.NoError(t, err)
	require.EqualValues(t, 2, answered.Done())
	require.Equal(t, []string{inherited.name}, folder.synced)
}

// The calls of another chunk do not make a record of this one a suspect, a call that has
// an answer is none, and a record with a good answer stays so.
func TestWhoIsSuspected(t *testing.T) {
	t.Parallel()
	a := newAnswered(job.Range{First: 10, Last: 20})
	a.addDeath(inFlight{9: false, 20: true})
	require.Empty(t, a.died)
	a.addDeath(inFlight{9: false, 12: false, 11: false, 13: true, 20: false})
	a.addDeath(inFlight{12: false})
	require.Equal(t, []Suspect{
		{11, Deaths{All: 1}}, {12, Deaths{All: 2}}, {13, Deaths{All: 1, Alone: 1}},
	}, a.Suspects())
	for _, index := range []int64{11, 12, 13} {
		require.True(t, a.add(index, job.Totals{Succeeded: 1}))
		require.False(t, a.add(index, job.Totals{Failed: 1}))
	}
	require.Empty(t, a.Suspects())
	require.Equal(t, 2, a.Kills())
}
