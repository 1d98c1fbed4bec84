package session

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/claim"
	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/storage"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// breakable is a store whose folders cannot be listed while it is broken, or after so many
// times if that is not 0.
type breakable struct {
	storage.Store
	broken       atomic.Bool
	lists, after atomic.Int64
}

type breakableFolder struct {
	storage.Folder
	store *breakable
}

func (b *breakable) Folder(ctx context.Context, uri string, create bool) (storage.Folder, error) {
	folder, err := b.Store.Folder(ctx, uri, create)
	return breakableFolder{folder, b}, err
}

func (f breakableFolder) Fenced(token storage.Token) storage.Folder {
	return breakableFolder{f.Folder.Fenced(token), f.store}
}

func (f breakableFolder) List(ctx context.Context, prefix string) ([]storage.Entry, error) {
	if after := f.store.after.Load(); f.store.broken.Load() || after > 0 && f.store.lists.Add(1) > after {
		return nil, job.Errorf(job.KindStorage, prefix, "%w", fs.ErrPermission)
	}
	return f.Folder.List(ctx, prefix)
}

// logs is a buffer for several goroutines.
type logs struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

// take returns what was written since the last time.
func (l *logs) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.buffer.Reset()
	return l.buffer.String()
}

// claimed is a store with the output folder "out" of the job "J", claimed at epoch 1.
func claimed(t *testing.T) (*breakable, *output.Folder) {
	t.Helper()
	store := &breakable{Store: memory.New()}
	folder, err := output.Open(t.Context(), store, "out", true)
	require.NoError(t, err)
	folder = folder.Under(outputtest.Claim(t, folder.Claims))
	spec := job.DefaultSpec()
	spec.Call.Sleep = &job.SleepSpec{}
	require.NoError(t, folder.PutManifest(t.Context(), job.Manifest{Version: job.LayoutVersion, JobID: "J", Spec: spec, Input: job.Fingerprint{Records: 12}}))
	return store, folder
}

// A session that cannot be kept is not left open: no activity has it, so that none would
// close it.
func TestASessionThatCannotBeKeptIsClosed(t *testing.T) {
	t.Parallel()
	store, _ := claimed(t)
	var log logs
	registry := NewRegistry(Options{Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	store.after.Store(2) // to open the session: its fence and its claim
	_, _, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.ErrorContains(t, err, "permission denied")
	require.Contains(t, log.take(), `msg="job closed" job_id=J`)
	require.Empty(t, registry.entries)

	store.after.Store(0)
	_, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.NoError(t, err)
	release()
	require.NoError(t, registry.Close())
}

// A job's life is in the log, in lines with its id: opened, settings changed, the output
// folder out of order and back, taken over, closed.
func TestWhatHappensToAJobIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, folder := claimed(t)
		var log logs
		registry := NewRegistry(Options{Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		s, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
		require.NoError(t, err)
		require.Contains(t, log.take(), `msg="job opened" job_id=J output=out epoch=1 records=12`)

		require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "r", Version: 1, Paused: true}))
		<-time.After(2 * keepInterval)
		require.Contains(t, log.take(), `msg="settings changed" job_id=J output=out epoch=1 version=1 paused=true`)

		store.broken.Store(true)
		<-time.After(10 * keepInterval)
		line := log.take()
		require.Contains(t, line, `msg="the output folder cannot be used now" job_id=J`)
		require.Equal(t, 1, bytes.Count([]byte(line), []byte("\n")), "once for a row of errors: %s", line)
		require.Contains(t, s.Waiting(), "the output folder cannot be used now: ")
		require.Contains(t, s.Waiting(), "permission denied")
		store.broken.Store(false)
		<-time.After(2 * keepInterval)
		require.Contains(t, log.take(), `msg="the output folder can be used again" job_id=J`)
		require.Empty(t, s.Waiting())

		// Another job takes the folder while this process cannot renew its presence.
		store.broken.Store(true)
		<-time.After(3 * outputtest.Lease)
		other, err := output.Open(t.Context(), store.Store, "out", false)
		require.NoError(t, err)
		ended := func(context.Context, claim.Owner) (claim.State, time.Time, error) {
			return claim.Ended, time.Time{}, nil
		}
		_, held, err := other.Claims.Take(t.Context(), claim.Claimant{Owner: claim.Owner{WorkflowID: "other"}}, outputtest.Lease, ended)
		require.NoError(t, err)
		require.Nil(t, held)
		store.broken.Store(false)
		<-time.After(2 * keepInterval)
		require.Contains(t, log.take(), `level=WARN msg="job taken over" job_id=J`)
		require.Equal(t, job.KindTakenOver, job.KindOf(context.Cause(s.TakenOver())))

		release()
		require.NoError(t, registry.Close())
		require.Contains(t, log.take(), `msg="job closed" job_id=J`)
		<-time.After(2 * idleLimit) // the timer of an idle session ends in its own time
	})
}
