package journal

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/part/parttest"
	"longhaul/internal/storage"
	"longhaul/job"
)

// fullDisk tears writes from one on, until there is room again.
type fullDisk struct {
	storage.Appender
	disk *disk
}

type disk struct {
	storage.Folder
	full   atomic.Bool
	broken atomic.Int64
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.disk.full.Load() {
		d.disk.broken.Add(1)
		n, _ := d.Appender.Write(p[:len(p)/3])
		return n, syscall.ENOSPC
	}
	return d.Appender.Write(p)
}

func (d *disk) Append(ctx context.Context, name string) (storage.Appender, error) {
	a, err := d.Folder.Append(ctx, name)
	return &fullDisk{Appender: a, disk: d}, err
}

// Answers that cannot be written are held; when there is room, they are written where the
// torn write has ended.
func TestAnswersAreHeldWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, dir)
		d := &disk{Folder: f.folder}
		f.folder = d
		var holds []error
		f.OnHold(func(err error) { holds = append(holds, err) })
		d.full.Store(true)
		r := job.Range{Last: 20}
		written := make(chan *Writer)
		go func() {
			w, err := f.Create(t.Context(), r, "run", 1)
			if err != nil {
				t.Error(err)
			}
			written <- w
		}()
		<-time.After(10 * time.Second)
		d.full.Store(false)
		w := <-written
		require.Equal(t, []error{syscall.ENOSPC, nil}, holds, "it shows before the first call")
		require.NoError(t, w.Append(parttest.Success(0)))
		d.full.Store(true)
		answers := make(chan error, 19)
		for i := range int64(19) {
			go func() { answers <- w.Append(parttest.Success(i + 1)) }()
		}
		<-time.After(time.Minute)
		require.Empty(t, answers, "nobody goes on")
		require.Less(t, d.broken.Load(), int64(100))
		d.full.Store(false)
		for range 19 {
			require.NoError(t, <-answers)
		}
		require.Equal(t, []error{syscall.ENOSPC, nil, syscall.ENOSPC, nil}, holds)
		ref, err := w.Seal()
		require.NoError(t, err)
		answered, err := open(t, dir).Answered(t.Context(), r)
		require.NoError(t, err)
		require.True(t, answered.Complete())
		require.Equal(t, []job.JournalRef{ref}, answered.Journals)
	})
}

// An attempt that must end gives its answers up. After a torn write nothing may follow: it
// would be glued to the torn line.
func TestNothingFollowsAWriteThatWasGivenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, dir)
		d := &disk{Folder: f.folder}
		f.folder = d
		ctx, cancel := context.WithCancel(t.Context())
		w, err := f.Create(ctx, job.Range{Last: 12}, "run", 1)
		require.NoError(t, err)
		require.NoError(t, w.Append(parttest.Success(0)))
		d.full.Store(true)
		given := make(chan error)
		for i := range int64(10) {
			go func() { given <- w.Append(parttest.Success(i + 1)) }()
		}
		<-time.After(10 * time.Second)
		cancel()
		for range 10 {
			require.ErrorIs(t, <-given, syscall.ENOSPC, "who writes, and who waits for it")
		}
		d.full.Store(false)
		require.ErrorIs(t, w.Append(parttest.Success(11)), syscall.ENOSPC)
		_, err = w.Seal()
		require.NoError(t, err)
		answered, err := open(t, dir).Answered(t.Context(), job.Range{Last: 12})
		require.NoError(t, err)
		require.EqualValues(t, 1, answered.Done())
	})
}
