package claim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

func unknown(context.Context, Owner) (State, time.Time, error) { return Unknown, time.Time{}, nil }
func running(context.Context, Owner) (State, time.Time, error) { return Running, time.Time{}, nil }
func ended(context.Context, Owner) (State, time.Time, error)   { return Ended, time.Time{}, nil }

var mine, other, third = Owner{WorkflowID: "mine", RunID: "1"}, Owner{WorkflowID: "other", RunID: "2"}, Owner{WorkflowID: "third", RunID: "3"}

// release ends a claim.
func release(t *testing.T, c *Claims, epoch int64) {
	t.Helper()
	lease, err := c.lease(t.Context(), epoch)
	require.NoError(t, err)
	require.NoError(t, c.Release(t.Context(), storage.Token{Epoch: epoch, ID: lease.Token}, nil))
}

// claims expects an epoch; 0 if the folder is held.
func claims(t *testing.T, c *Claims, owner Owner, state StateOf, want int64) *Held {
	t.Helper()
	token, held, err := c.Take(t.Context(), Claimant{Owner: owner}, leaseTime, state)
	require.NoError(t, err)
	require.Equal(t, want, token.Epoch)
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
	silent := func(context.Context, Owner) (State, time.Time, error) {
		return Unknown, time.Time{}, errors.New("unavailable")
	}
	token, held, err := c.Take(t.Context(), Claimant{Owner: other}, leaseTime, silent)
	require.EqualError(t, err, "unavailable")
	require.Zero(t, token)
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

	release(t, c, 2)
	claims(t, c, third, running, 3) // at once when it was released
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

// Whoever could not renew its presence, because its disk is slow, may have calls in flight
// until it learns that the workflow has ended, or must cut them off.
func TestALapsedPresenceOfAnEndedOwner(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.folder.Put(t.Context(), c.presenceName(1), storage.JSON(presence{time.Now().Add(-2 * leaseTime)})))
	closed := time.Now().Add(-time.Minute)
	endedAt := func(context.Context, Owner) (State, time.Time, error) { return Ended, closed, nil }
	require.WithinDuration(t, closed.Add(leaseTime/2), claims(t, c, other, endedAt, 0).Until, time.Second)
	closed = time.Now().Add(-leaseTime/2 - time.Second)
	claims(t, c, other, endedAt, 2)
}

// A workflow that was terminated leaves calls in flight behind.
func TestAnEndedOwnersWorkersMustHaveLeft(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	claims(t, c, other, ended, 0)
	release(t, c, 1)
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
			token, _, err := c.Take(t.Context(), Claimant{Owner: Owner{WorkflowID: string(rune('a' + i))}}, leaseTime, unknown)
			if err != nil {
				t.Error(err)
			}
			if token.Epoch > 0 {
				won.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}

// A worker that wakes with an old task of a job that has ended, or was replaced, gets no
// claim for it.
func TestAnOwnerWhoseClaimHasEndedGetsNoOther(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	claims(t, c, mine, unknown, 1)
	release(t, c, 1)
	for range 2 {
		_, _, err := c.Take(t.Context(), Claimant{Owner: mine}, leaseTime, running)
		require.Equal(t, job.KindTakenOver, job.KindOf(err))
		require.Equal(t, job.KindTakenOver, job.KindOf(c.Enter(t.Context(), 1)))
		if current, err := c.Epoch(t.Context()); err == nil && current == 1 {
			claims(t, c, other, ended, 2)
			release(t, c, 2)
		}
	}
}

// Earlier claims are kept for that, but not all of them.
func TestFewClaimsAreKept(t *testing.T) {
	t.Parallel()
	f := folder(t, t.TempDir())
	c := New(f)
	for i := range int64(30) {
		claims(t, c, Owner{WorkflowID: string(rune('a' + i))}, ended, i+1)
		require.NoError(t, c.Enter(t.Context(), i+1))
		require.NoError(t, c.Leave(t.Context(), i+1))
	}
	entries, err := f.List(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, entries, kept)
}

// A new claim ends what goes on under the old one, also when the process that made it was
// stopped between its claim and its fence.
func TestAClaimFences(t *testing.T) {
	t.Parallel()
	f := folder(t, t.TempDir())
	c := New(f)
	first, _, err := c.Take(t.Context(), Claimant{Owner: mine}, leaseTime, unknown)
	require.NoError(t, err)
	old := f.Fenced(first)
	require.NoError(t, old.Put(t.Context(), "x", storage.JSON(1)))
	claims(t, c, other, ended, 2)
	require.Equal(t, job.KindTakenOver, job.KindOf(old.Put(t.Context(), "x", storage.JSON(2))))

	_, _, err = c.fence(t.Context(), first) // the stopped one goes on
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
	require.Equal(t, job.KindTakenOver, job.KindOf(old.Put(t.Context(), "x", storage.JSON(3))))
}

// A claim or a presence that cannot be read holds the folder for a while, as one of an
// unknown owner does. No job fails of it.
func TestDamagedClaims(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"", "{", "{}", "null", "\x00\x00", `{"workflow_id":"","renewed":"x"}`} {
		root := t.TempDir()
		f := folder(t, root)
		c := New(f)
		claims(t, c, mine, unknown, 1)
		require.NoError(t, c.Enter(t.Context(), 1))
		for _, name := range []string{nameOf(1), c.presenceName(1)} {
			file := filepath.Join(root, name)
			require.NoError(t, os.WriteFile(file, []byte(damage), 0o644))
			require.NoError(t, c.Confirm(t.Context(), 1), "the job goes on")
			require.WithinDuration(t, time.Now().Add(damagedFor.Std()), claims(t, c, other, ended, 0).Until, 10*time.Second)
			require.NoError(t, os.Chtimes(file, time.Time{}, time.Now().Add(-2*damagedFor.Std())))
			atWork, err := c.AtWork(t.Context())
			require.NoError(t, err)
			require.Equal(t, name == nameOf(1), atWork, "the presence is readable, or has lapsed")
			if name == nameOf(1) {
				require.NoError(t, c.Enter(t.Context(), 1))
			}
		}
		claims(t, c, other, ended, 2)
	}
}

// A later attempt of the same owner replaces an earlier one, at once: its claim is a new
// one. The earlier one, when it wakes, gets none.
func TestALaterAttemptReplacesAnEarlierOne(t *testing.T) {
	t.Parallel()
	f := folder(t, t.TempDir())
	c := New(f)
	take := func(attempt int32) (storage.Token, error) {
		token, held, err := c.Take(t.Context(), Claimant{Owner: mine, Attempt: attempt}, leaseTime, running)
		require.Nil(t, held)
		return token, err
	}
	first, err := take(1)
	require.NoError(t, err)
	require.NoError(t, c.Enter(t.Context(), first.Epoch))
	second, err := take(2)
	require.NoError(t, err)
	require.EqualValues(t, 2, second.Epoch)
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Fenced(first).Put(t.Context(), "x", storage.JSON(1))))
	_, err = take(1)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
	again, err := take(2)
	require.NoError(t, err)
	require.Equal(t, second, again)
}

// Of a workflow one run is open. The one that asks is it, or gets nothing.
func TestARunThatWasResetClaimsAnew(t *testing.T) {
	t.Parallel()
	c := New(folder(t, t.TempDir()))
	old := Owner{WorkflowID: "w", RunID: "old"}
	claims(t, c, old, running, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	states := map[string]State{"old": Running, "new": Running} // "old" continues as "new"
	stateOf := func(_ context.Context, owner Owner) (State, time.Time, error) {
		return states[owner.RunID], time.Time{}, nil
	}
	fresh := Owner{WorkflowID: "w", RunID: "new"}
	held := claims(t, c, fresh, stateOf, 0)
	require.False(t, held.Running, "it waits for the workers only")
	require.NoError(t, c.Leave(t.Context(), 1))

	states["late"] = Ended
	_, _, err := c.Take(t.Context(), Claimant{Owner: Owner{WorkflowID: "w", RunID: "late"}}, leaseTime, stateOf)
	require.Equal(t, job.KindTakenOver, job.KindOf(err))
	claims(t, c, fresh, stateOf, 2)
}
