package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/job"
)

// A folder of another job, or of none, is not worked in: another worker may see the right
// one.
func TestAFolderOfAnotherJobIsNotOpened(t *testing.T) {
	t.Parallel()
	store, folder := claimed(t)
	registry := NewRegistry(Options{Store: store})
	_, _, err := registry.Folder(t.Context(), job.Ref{JobID: "other", Output: "out", Epoch: 1})
	require.ErrorContains(t, err, "the output folder is not that of job other")
	require.ErrorIs(t, err, job.ErrOfWorker)
	_, _, err = registry.Folder(t.Context(), job.Ref{JobID: "J", Output: "none", Epoch: 1})
	require.ErrorContains(t, err, "the output folder is gone")
	require.ErrorIs(t, err, job.ErrOfWorker)
	empty, err := store.Folder(t.Context(), "empty", true)
	require.NoError(t, err)
	require.NoError(t, empty.Close())
	_, _, err = registry.Folder(t.Context(), job.Ref{JobID: "J", Output: "empty", Epoch: 1})
	require.ErrorContains(t, err, "the output folder is not that of job J")
	require.NoError(t, folder.Close())
}

// The end of another job, or of another claim, is not this one's.
func TestFinishedIsOfTheJobAndTheClaim(t *testing.T) {
	t.Parallel()
	store, folder := claimed(t)
	_, err := folder.Finish(t.Context(), job.Ref{JobID: "J", Epoch: 1}, 0, 1)
	require.NoError(t, err)
	registry := NewRegistry(Options{Store: store})
	for ref, want := range map[job.Ref]bool{
		{JobID: "J", Output: "out", Epoch: 1}: true, {JobID: "K", Output: "out", Epoch: 1}: false, {JobID: "J", Output: "out", Epoch: 2}: false,
	} {
		finished, err := registry.Finished(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, want, finished != nil, "%+v", ref)
	}
	// It is known also when another job has had the folder since.
	outputtest.Claim(t, folder.Claims)
	finished, err := registry.Finished(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.NoError(t, err)
	require.EqualValues(t, 1, finished.Epoch)
}

// The presence is renewed for as long as the session is in use, and goes with it.
func TestThePresenceIsRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, folder := claimed(t)
		registry := NewRegistry(Options{Store: store})
		_, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
		require.NoError(t, err)
		for range 5 {
			<-time.After(outputtest.Lease / 2)
			atWork, err := folder.Claims.AtWork(t.Context())
			require.NoError(t, err)
			require.True(t, atWork)
		}
		release()
		atWork, err := folder.Claims.AtWork(t.Context())
		require.NoError(t, err)
		require.False(t, atWork)
		require.NoError(t, registry.Close())
		<-time.After(2 * idleLimit)
	})
}

// Settings of an earlier claim are not those of this one.
func TestSettingsOfAnotherClaimAreIgnored(t *testing.T) {
	t.Parallel()
	store, folder := claimed(t)
	require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 2, RunID: "r", Version: 3, Paused: true}))
	registry := NewRegistry(Options{Store: store})
	s, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.NoError(t, err)
	require.Zero(t, s.keeper.version)
	release()
	require.NoError(t, registry.Close())

	require.NoError(t, folder.PutControl(t.Context(), job.Control{Epoch: 1, RunID: "r", Version: 4, Paused: true}))
	registry = NewRegistry(Options{Store: store})
	s, release, err = registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
	require.NoError(t, err)
	require.EqualValues(t, 4, s.keeper.version, "before the first call")
	release()
	require.NoError(t, registry.Close())
}

// A renewal that has failed is tried again at once, not after another heartbeat timeout.
func TestARenewalThatHasFailedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, _ := claimed(t)
		registry := NewRegistry(Options{Store: store})
		s, release, err := registry.Open(t.Context(), job.Ref{JobID: "J", Output: "out", Epoch: 1})
		require.NoError(t, err)
		<-time.After(s.keeper.lease - 2*keepInterval)
		store.broken.Store(true)
		<-time.After(5 * keepInterval) // it has failed some times, and the next one is not due
		store.broken.Store(false)
		<-time.After(2 * keepInterval)
		release()
		require.Less(t, time.Since(s.keeper.renewed), 3*keepInterval)
		require.NoError(t, registry.Close())
		<-time.After(2 * idleLimit)
	})
}
