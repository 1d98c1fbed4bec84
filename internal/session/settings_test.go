package session

import (
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// A running chunk does not go on with what was before settings that cannot be read; once they
// are written anew, chunks go on.
func TestSettingsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, folder := claimed(t)
		inner, err := store.Folder(t.Context(), "out", false)
		require.NoError(t, err)
		var log logs
		registry := NewRegistry(Options{Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		ref := job.Ref{JobID: "J", Output: "out", Epoch: 1}
		s, release, err := registry.Open(t.Context(), ref)
		require.NoError(t, err)
		require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "r", Version: 1, Paused: true}))
		<-time.After(2 * keepInterval)
		slot := s.Pool.Join(job.LaneGrant{RunID: "r", Calls: 2}, nil)
		lost, err := s.SettingsLost(t.Context())
		require.NoError(t, err)
		require.False(t, lost)

		require.NoError(t, inner.Put(t.Context(), "_longhaul/control.json", func(w io.Writer) error {
			_, err := io.WriteString(w, `{"epoch": 1, "paused": fals`)
			return err
		}))
		select {
		case <-slot.Closed():
		case <-time.After(time.Minute):
			require.Fail(t, "the chunk goes on")
		}
		slot.Leave()
		require.Contains(t, log.take(), "changed settings cannot be read")
		lost, err = s.SettingsLost(t.Context())
		require.NoError(t, err)
		require.True(t, lost)
		release()
		require.NoError(t, registry.Close())

		// Another process does not take the job for one that was never paused.
		s, release, err = registry.Open(t.Context(), ref)
		require.NoError(t, err)
		lost, err = s.SettingsLost(t.Context())
		require.NoError(t, err)
		require.True(t, lost)
		require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "r", Version: 2, Grants: []job.LaneGrant{{Calls: 2}}}))
		lost, err = s.SettingsLost(t.Context())
		require.NoError(t, err)
		require.False(t, lost, "also before the session has read them")
		<-time.After(2 * keepInterval)
		require.Contains(t, log.take(), `msg="settings changed" job_id=J output=out epoch=1 version=2 paused=false`)
		slot = s.Pool.Join(job.LaneGrant{RunID: "r", Calls: 2}, nil)
		select {
		case <-slot.Closed():
			require.Fail(t, "closed")
		default:
		}
		slot.Leave()
		release()
		require.NoError(t, registry.Close())
	})
}

// A change that has the same time as the one before it, by the clock of the file system, is
// read all the same.
func TestChangesInTheSameMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, folder := claimed(t)
		registry := NewRegistry(Options{Store: store})
		s, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
		require.NoError(t, err)
		for version, paused := range []bool{true, false} {
			require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "r", Version: int64(version + 1), Paused: paused, Grants: []job.LaneGrant{{Calls: 2}}}))
			require.NoError(t, s.keeper.readControl(t.Context()))
		}
		require.EqualValues(t, 2, s.keeper.version)
		release()
		require.NoError(t, registry.Close())
	})
}
