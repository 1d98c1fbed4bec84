package claim

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/internal/storage/local"
	"longhaul/job"
)

const leaseTime = time.Hour

func folder(t *testing.T, dir string) storage.Folder {
	t.Helper()
	f, err := local.Unconfined(dir, "scratch").Folder(t.Context(), ".", true)
	require.NoError(t, err)
	return f
}

func unknown(context.Context, Owner) (State, error) { return Unknown, nil }
func running(context.Context, Owner) (State, error) { return Running, nil }
func ended(context.Context, Owner) (State, error)   { return Ended, nil }

var mine, other = Owner{WorkflowID: "mine", RunID: "1"}, Owner{WorkflowID: "other", RunID: "2"}

// claims expects an epoch; 0 if the folder is held.
func claims(t *testing.T, c *Claims, owner Owner, state StateOf, want int64) *Held {
	t.Helper()
	epoch, held, err := c.Take(t.Context(), owner, leaseTime, state)
	require.NoError(t, err)
	require.Equal(t, want, epoch)
	return held
}

// ago makes a claim, or the folder's presence, that long old.
func ago(t *testing.T, c *Claims, epoch int64, d time.Duration) {
	t.Helper()
	lease, err := c.lease(t.Context(), epoch)
	require.NoError(t, err)
	lease.Claimed = time.Now().Add(-d)
	require.NoError(t, c.folder.Put(t.Context(), nameOf(epoch), storage.JSON(lease)))
}

// A server that does not answer for a moment does not make a claim free, however old it is.
func TestAClaimIsKeptWhileTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	ago(t, c, 1, time.Hour)
	silent := func(context.Context, Owner) (State, error) { return Unknown, errors.New("unavailable") }
	epoch, held, err := c.Take(t.Context(), other, leaseTime, silent)
	require.EqualError(t, err, "unavailable")
	require.Zero(t, epoch)
	require.Nil(t, held)
	claims(t, c, other, unknown, 2)
}

func TestAClaimIsKeptUntilItIsFree(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	claims(t, c, mine, unknown, 1) // the same owner asks again
	require.Equal(t, mine, claims(t, c, other, unknown, 0).Owner)
	require.True(t, claims(t, c, other, running, 0).Running)

	claims(t, c, other, ended, 2) // at once when the owner has ended
	require.Equal(t, job.KindTakenOver, job.KindOf(c.Check(t.Context(), 1)))
	require.Equal(t, job.KindTakenOver, job.KindOf(c.Enter(t.Context(), 1)))
	require.NoError(t, c.Check(t.Context(), 2))

	require.NoError(t, c.Release(t.Context(), 2))
	claims(t, c, mine, running, 3) // at once when it was released
}

func TestAClaimLapsesUnlessSomebodyIsAtWork(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	ago(t, c, 1, 2*leaseTime)
	claims(t, c, other, running, 0) // however old: the server says that it runs
	require.NoError(t, c.Enter(t.Context(), 1))
	require.WithinDuration(t, time.Now().Add(leaseTime), claims(t, c, other, unknown, 0).Until, time.Minute)
	require.NoError(t, c.folder.Put(t.Context(), c.presenceName(1), storage.JSON(presence{time.Now().Add(-2 * leaseTime)})))
	claims(t, c, other, unknown, 2)
	names, err := c.presences(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, names)
}

// A workflow that was terminated leaves calls in flight behind.
func TestAnEndedOwnersWorkersMustHaveLeft(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	claims(t, c, other, ended, 0)
	require.NoError(t, c.Release(t.Context(), 1))
	claims(t, c, other, ended, 0)
	require.NoError(t, c.Leave(t.Context(), 1))
	claims(t, c, other, ended, 2)
}

func TestOneOfManyClaimantsWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			c := New(folder(t, dir))
			epoch, _, err := c.Take(t.Context(), Owner{WorkflowID: string(rune('a' + i))}, leaseTime, unknown)
			if err != nil {
				t.Error(err)
			}
			if epoch > 0 {
				won.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}
